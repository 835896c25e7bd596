-- API keys and accounts: of no event, on the control connection, never joined with event tables.

-- name: insert_key
INSERT INTO api_keys (id, secret_hash, name, scopes, created_at, expires_at, organisation_number)
VALUES (:id, :secret_hash, :name, :scopes, statement_timestamp(), :expires_at, :organisation)
RETURNING created_at;

-- name: find_key
-- The secret before the last rotation works until its time.
SELECT id, secret_hash, scopes, organisation_number AS organisation,
       CASE WHEN previous_until > statement_timestamp() THEN previous_hash END AS previous_hash
FROM api_keys
WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp());

-- name: list_keys
SELECT id, name, scopes, created_at, expires_at, revoked_at, last_used_at FROM api_keys ORDER BY created_at, id;

-- name: revoke_key
UPDATE api_keys SET revoked_at = coalesce(revoked_at, statement_timestamp()) WHERE id = :id RETURNING id;

-- name: touch_key!
-- At most once a minute a key, so that it costs no sale anything.
UPDATE api_keys
SET last_used_at = statement_timestamp()
WHERE id = :id AND (last_used_at IS NULL OR last_used_at < statement_timestamp() - interval '1 minute');

-- name: any_key
SELECT EXISTS (SELECT FROM api_keys) AS found;

-- name: list_valid_keys
SELECT id
FROM api_keys
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
ORDER BY id;

-- name: keep_closed
-- A revoked key that nobody has. The server stays closed, since a key was made once.
INSERT INTO api_keys (id, secret_hash, name, scopes, created_at, revoked_at)
SELECT 'closed', ''::bytea, 'Closed before a restore', '{}', statement_timestamp(), statement_timestamp()
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
SELECT id, name, phone_number, email, created_at FROM accounts WHERE id = :id;
