-- API keys and accounts: of no event, on the control connection, never joined with event tables.

-- name: insert_key
-- A retry finds its key: both have one id.
INSERT INTO api_keys (id, secret_hash, name, scopes, created_at, expires_at, organisation_number)
VALUES (:id, :secret_hash, :name, :scopes, statement_timestamp(), :expires_at, :organisation)
ON CONFLICT (id) DO NOTHING
RETURNING created_at, organisation_number AS organisation;

-- name: find_key
-- The secret before the last rotation works until its time.
SELECT id, secret_hash, scopes, organisation_number AS organisation,
       CASE WHEN previous_until > statement_timestamp() THEN previous_hash END AS previous_hash
FROM api_keys
WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp());

-- name: list_keys
SELECT id, name, scopes, created_at, expires_at, revoked_at, last_used_at, previous_until
FROM api_keys
WHERE organisation_number = :organisation
ORDER BY created_at, id;

-- name: list_newest_keys
SELECT id, name, scopes, created_at, expires_at, revoked_at, last_used_at, previous_until
FROM api_keys
WHERE organisation_number = :organisation
  AND (:before::timestamptz IS NULL OR (created_at, id) < (:before, :before_id::text))
ORDER BY created_at DESC, id DESC
LIMIT :max_rows;

-- name: get_key
SELECT id, name, scopes, created_at, expires_at, revoked_at, last_used_at, previous_until
FROM api_keys
WHERE id = :id AND organisation_number = :organisation;

-- name: revoke_key
UPDATE api_keys SET revoked_at = statement_timestamp()
WHERE id = :id AND revoked_at IS NULL AND (:organisation::bigint IS NULL OR organisation_number = :organisation)
RETURNING organisation_number AS organisation;

-- name: has_key
SELECT 1 AS found FROM api_keys WHERE id = :id;

-- name: rotate_key
-- Two secrets work at most: an earlier previous one ends now. A retry brings the same secret, and changes nothing.
UPDATE api_keys
SET secret_hash = :secret_hash, previous_hash = secret_hash,
    previous_until = statement_timestamp() + make_interval(secs => :overlap_seconds)
WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
  AND (:organisation::bigint IS NULL OR organisation_number = :organisation)
  AND secret_hash <> :secret_hash AND previous_hash IS DISTINCT FROM :secret_hash
RETURNING organisation_number AS organisation, name, scopes, expires_at, previous_until;

-- name: has_secret
SELECT 1 AS found FROM api_keys
WHERE id = :id AND organisation_number = :organisation AND :secret_hash IN (secret_hash, previous_hash);

-- name: touch_key!
-- At most once a minute a key, so that it costs no sale anything.
UPDATE api_keys
SET last_used_at = statement_timestamp()
WHERE id = :id AND (last_used_at IS NULL OR last_used_at < statement_timestamp() - interval '1 minute');

-- name: any_key
-- A member ends open mode, too: somebody has the say from then on.
SELECT EXISTS (SELECT FROM api_keys) OR EXISTS (SELECT FROM memberships) AS found;

-- name: lock_keys!
-- Servers that start together take one first key.
LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE;

-- name: insert_first_key
INSERT INTO api_keys (id, secret_hash, name, scopes, created_at)
SELECT :id, :secret_hash, 'First key', '{organise,read,sell}', statement_timestamp()
WHERE NOT EXISTS (SELECT FROM api_keys)
RETURNING id;

-- name: count_keys
SELECT count(*) AS keys FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp());

-- name: insert_user
INSERT INTO accounts (id, name, phone_number, email, email_folded, password_hash, created_at)
VALUES (nextval('dialect_numbers'), :name, :phone_number, :email, :email_folded, :password_hash, statement_timestamp())
ON CONFLICT (email_folded) DO NOTHING
RETURNING id, created_at;

-- name: find_user
SELECT id, name, phone_number, email, created_at, language FROM accounts WHERE id = :id;

-- name: find_organisation
SELECT number, slug, name, created_at, requires_second_factor FROM organisations WHERE slug = :slug;

-- name: get_organisation
SELECT number, slug, name, created_at, requires_second_factor FROM organisations WHERE number = :number;

-- name: list_organisations
SELECT number, slug, name, created_at, requires_second_factor FROM organisations ORDER BY number;

-- name: change_organisation
UPDATE organisations SET requires_second_factor = :requires_second_factor
WHERE number = :organisation
RETURNING number, slug, name, created_at, requires_second_factor;

-- name: insert_organisation
INSERT INTO organisations (number, slug, name, created_at)
VALUES (nextval('organisation_numbers'), :slug, :name, statement_timestamp())
ON CONFLICT (slug) DO NOTHING
RETURNING number, slug, name, created_at, requires_second_factor, number AS organisation;

-- name: keep_older_servers_out!
-- They know one organisation, so their keys would open everybody's events.
UPDATE schema_generation SET oldest_server = greatest(oldest_server, 12);

-- name: lock_organisation
-- Changes of its members take turns, so that one owner stays.
SELECT number FROM organisations WHERE number = :organisation FOR NO KEY UPDATE;

-- name: list_members
SELECT a.id AS account_id, a.email, a.name, m.role, m.events, m.created_at
FROM memberships m
JOIN accounts a ON a.id = m.account_id
WHERE m.organisation_number = :organisation
ORDER BY a.email_folded;

-- name: find_account
SELECT id FROM accounts WHERE email_folded = :email_folded;

-- name: delete_member
DELETE FROM memberships
WHERE organisation_number = :organisation AND account_id = :account_id
RETURNING organisation_number AS organisation;

-- name: insert_audit_entry!
INSERT INTO audit_entries (organisation_number, id, at, principal, action, object, request_id, address, detail)
VALUES (
    :organisation, nextval('audit_numbers'), statement_timestamp(), :principal, :action, :object, :request_id,
    :address, :detail::jsonb
);

-- name: find_audit_entry
SELECT id
FROM audit_entries
WHERE organisation_number = :organisation AND action = :action AND object = :object AND detail = :detail::jsonb
  AND at >= :since
LIMIT 1;

-- name: list_audit_entries
SELECT id, at, principal, action, object, request_id, address, detail::text AS detail
FROM audit_entries
WHERE organisation_number = :organisation
  AND (:before::bigint IS NULL OR id < :before)
  AND (:principal::text IS NULL OR principal = :principal)
  AND (:action::text IS NULL OR action = :action)
  AND (:object::text IS NULL OR object = :object)
  AND (:since::timestamptz IS NULL OR at >= :since)
  AND (:until::timestamptz IS NULL OR at < :until)
ORDER BY id DESC
LIMIT :max_rows;

-- name: may_delete_audit_entries
SELECT has_table_privilege('audit_entries', 'DELETE') AS allowed;

-- name: delete_old_audit_entries
DELETE FROM audit_entries
WHERE (organisation_number, id) IN (
    SELECT organisation_number, id
    FROM audit_entries
    WHERE at < statement_timestamp() - make_interval(days => :days)
    LIMIT :max_rows
)
RETURNING id;
