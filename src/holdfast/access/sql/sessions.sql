-- Sessions and who may sign in: of no event, on the control connection.

-- name: insert_session
INSERT INTO sessions (
    id, token_hash, account_id, organisation_number, created_at, last_used_at, idle_seconds, expires_at,
    has_second_factor
)
VALUES (
    :id, :token_hash, :account_id, :organisation, statement_timestamp(), statement_timestamp(), :idle_seconds,
    statement_timestamp() + make_interval(secs => :seconds), :has_second_factor
)
RETURNING expires_at;

-- name: find_session
-- A session of staff ends with its membership, and when its organisation requires the second factor that it lacks.
SELECT
    s.id, s.account_id, s.organisation_number AS organisation, m.role, m.events, s.expires_at, s.has_second_factor,
    a.language
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN memberships m ON m.organisation_number = s.organisation_number AND m.account_id = s.account_id
LEFT JOIN organisations o ON o.number = m.organisation_number
WHERE s.token_hash = :token_hash AND s.expires_at > statement_timestamp()
  AND s.last_used_at > statement_timestamp() - make_interval(secs => s.idle_seconds)
  AND (
      s.organisation_number IS NULL
      OR (m.role IS NOT NULL AND (s.has_second_factor OR NOT o.requires_second_factor))
  );

-- name: find_session_by_id
SELECT
    s.id, s.account_id, s.organisation_number AS organisation, m.role, m.events, s.expires_at, s.has_second_factor,
    a.language
FROM sessions s
JOIN accounts a ON a.id = s.account_id
LEFT JOIN memberships m ON m.organisation_number = s.organisation_number AND m.account_id = s.account_id
LEFT JOIN organisations o ON o.number = m.organisation_number
WHERE s.id = :id AND s.expires_at > statement_timestamp()
  AND s.last_used_at > statement_timestamp() - make_interval(secs => s.idle_seconds)
  AND (
      s.organisation_number IS NULL
      OR (m.role IS NOT NULL AND (s.has_second_factor OR NOT o.requires_second_factor))
  );

-- name: touch_session!
UPDATE sessions
SET last_used_at = statement_timestamp()
WHERE id = :id AND last_used_at < statement_timestamp() - interval '50 seconds';

-- name: end_session!
DELETE FROM sessions WHERE id = :id;

-- name: list_sessions
SELECT
    s.id, s.organisation_number AS organisation, s.has_second_factor, s.created_at, s.last_used_at, s.expires_at,
    EXISTS (SELECT FROM refresh_tokens r WHERE r.session_id = s.id) AS is_of_program
FROM sessions s
WHERE s.account_id = :account_id AND s.expires_at > statement_timestamp()
  AND s.last_used_at > statement_timestamp() - make_interval(secs => s.idle_seconds)
ORDER BY s.created_at DESC, s.id
LIMIT :max_rows;

-- name: end_own_session
DELETE FROM sessions WHERE id = :id AND account_id = :account_id RETURNING id;

-- name: end_sessions_of_account!
DELETE FROM sessions WHERE account_id = :account_id;

-- name: end_sessions_of_member!
DELETE FROM sessions WHERE account_id = :account_id AND organisation_number = :organisation;

-- name: delete_ended_sessions!
-- A few for each new one, so that the table needs no other care.
DELETE FROM sessions
WHERE id IN (SELECT id FROM sessions WHERE expires_at < statement_timestamp() ORDER BY expires_at LIMIT 10);

-- name: find_sign_in
SELECT id, password_hash, language FROM accounts WHERE email_folded = :email_folded;

-- name: get_password
SELECT email, password_hash FROM accounts WHERE id = :id;

-- name: get_account
SELECT id, name, email, created_at, language FROM accounts WHERE id = :id;

-- name: list_memberships
SELECT o.number, o.slug, o.name, m.role, m.events, o.requires_second_factor
FROM memberships m
JOIN organisations o ON o.number = m.organisation_number
WHERE m.account_id = :account_id
ORDER BY o.number;

-- name: insert_one_time_token!
INSERT INTO one_time_tokens (
    token_hash, purpose, account_id, organisation_number, email, detail, created_at, expires_at
)
VALUES (
    :token_hash, :purpose, :account_id, :organisation, :email, :detail::jsonb, statement_timestamp(),
    statement_timestamp() + make_interval(secs => :seconds)
);

-- name: find_one_time_token
SELECT account_id, organisation_number AS organisation, email, detail::text AS detail
FROM one_time_tokens
WHERE token_hash = :token_hash AND purpose = :purpose AND expires_at > statement_timestamp();

-- name: take_one_time_token
-- Of two requests with one token, the first gets the row.
DELETE FROM one_time_tokens
WHERE token_hash = :token_hash AND purpose = :purpose AND expires_at > statement_timestamp()
RETURNING account_id, organisation_number AS organisation, email, detail::text AS detail;

-- name: delete_ended_tokens!
DELETE FROM one_time_tokens
WHERE token_hash IN (
    SELECT token_hash FROM one_time_tokens WHERE expires_at < statement_timestamp() ORDER BY expires_at LIMIT 10
);

-- name: delete_tokens_of_account!
-- A link that was sent before a password or an address changed no longer works.
DELETE FROM one_time_tokens WHERE account_id = :account_id;

-- name: set_password
UPDATE accounts SET password_hash = :password_hash WHERE id = :id RETURNING email, language;

-- name: set_language!
UPDATE accounts SET language = :language WHERE id = :id;

-- name: set_name!
UPDATE accounts SET name = :name WHERE id = :id;

-- name: set_email
UPDATE accounts
SET email = :email, email_folded = :email_folded
WHERE id = :id AND NOT EXISTS (SELECT FROM accounts WHERE email_folded = :email_folded AND id <> :id)
RETURNING id;

-- name: insert_account
INSERT INTO accounts (id, name, phone_number, email, email_folded, password_hash, created_at)
VALUES (nextval('dialect_numbers'), :name, '', :email, :email_folded, :password_hash, statement_timestamp())
ON CONFLICT (email_folded) DO NOTHING
RETURNING id;

-- name: join_organisation!
INSERT INTO memberships (organisation_number, account_id, role, events, created_at)
VALUES (:organisation, :account_id, :role, :events, statement_timestamp())
ON CONFLICT (organisation_number, account_id) DO UPDATE SET role = excluded.role, events = excluded.events;

-- name: any_member
SELECT EXISTS (SELECT FROM memberships) AS found;

-- name: read_setup
-- What the token of the setup link is derived from, while the server has no member.
SELECT epoch::text AS epoch FROM schema_generation WHERE NOT EXISTS (SELECT FROM memberships);
