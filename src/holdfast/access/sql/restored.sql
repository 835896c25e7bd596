-- Restored: what an older state of the database lets in. It may be of a generation without some of these tables.

-- name: list_tables_of_people
SELECT name
FROM unnest(ARRAY['memberships', 'one_time_tokens', 'refresh_tokens', 'sessions']) AS name
WHERE to_regclass(name) IS NOT NULL;

-- name: list_valid_keys
SELECT id
FROM api_keys
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
ORDER BY id;

-- name: any_key_ever
SELECT EXISTS (SELECT FROM api_keys) AS found;

-- name: list_people_with_roles
SELECT a.email || ' (' || o.slug || ')' AS member
FROM memberships m
JOIN accounts a ON a.id = m.account_id
JOIN organisations o ON o.number = m.organisation_number
ORDER BY 1;

-- name: keep_closed
-- A revoked key that nobody has. The server stays closed, since a key was made once.
INSERT INTO api_keys (id, secret_hash, name, scopes, created_at, revoked_at)
SELECT 'closed', ''::bytea, 'Closed before a restore', '{}', statement_timestamp(), statement_timestamp()
WHERE NOT EXISTS (SELECT FROM api_keys)
RETURNING id;

-- name: end_sessions!
-- All, or those that were made while the clock was ahead.
DELETE FROM sessions
WHERE NOT :only_ahead::boolean OR created_at > statement_timestamp() + interval '1 hour';

-- name: end_refresh_tokens!
DELETE FROM refresh_tokens
WHERE NOT :only_ahead::boolean OR created_at > statement_timestamp() + interval '1 hour';

-- name: end_one_time_tokens!
DELETE FROM one_time_tokens
WHERE NOT :only_ahead::boolean OR created_at > statement_timestamp() + interval '1 hour';
