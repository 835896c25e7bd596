-- Refresh tokens: of no event, on the control connection. All tokens of one session are a family.

-- name: insert_refresh_token!
INSERT INTO refresh_tokens (token_hash, session_id, scopes, created_at, expires_at)
VALUES (:token_hash, :session_id, :scopes, statement_timestamp(), :expires_at);

-- name: use_refresh_token
-- Of two requests with one token, the first gets the row.
UPDATE refresh_tokens
SET used_at = statement_timestamp()
WHERE token_hash = :token_hash AND used_at IS NULL AND expires_at > statement_timestamp()
  AND EXISTS (SELECT FROM sessions WHERE id = refresh_tokens.session_id)
RETURNING session_id, scopes, expires_at;

-- name: end_family_of_used_token
DELETE FROM sessions
WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = :token_hash AND used_at IS NOT NULL)
RETURNING id, account_id, organisation_number AS organisation;

-- name: delete_ended_refresh_tokens!
-- A few for each new one, so that the table needs no other care.
DELETE FROM refresh_tokens
WHERE token_hash IN (
    SELECT token_hash FROM refresh_tokens WHERE expires_at < statement_timestamp() ORDER BY expires_at LIMIT 10
);
