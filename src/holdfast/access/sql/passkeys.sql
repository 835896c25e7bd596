-- Passkeys: of no event, on the control connection.

-- name: list_passkeys
SELECT id, credential_id, name, created_at, last_used_at
FROM passkeys
WHERE account_id = :account_id
ORDER BY created_at, id;

-- name: insert_passkey
INSERT INTO passkeys (account_id, id, credential_id, public_key, sign_count, name, created_at)
VALUES (:account_id, :id, :credential_id, :public_key, :sign_count, :name, statement_timestamp())
ON CONFLICT (credential_id) DO NOTHING
RETURNING id, credential_id, name, created_at, last_used_at;

-- name: find_passkey
SELECT account_id FROM passkeys WHERE credential_id = :credential_id;

-- name: lock_passkey
SELECT account_id, id, public_key, sign_count FROM passkeys WHERE credential_id = :credential_id FOR UPDATE;

-- name: use_passkey!
UPDATE passkeys
SET sign_count = :sign_count, last_used_at = statement_timestamp()
WHERE credential_id = :credential_id;

-- name: rename_passkey
UPDATE passkeys
SET name = :name
WHERE account_id = :account_id AND id = :id
RETURNING id, credential_id, name, created_at, last_used_at;

-- name: delete_passkey
DELETE FROM passkeys
WHERE account_id = :account_id AND id = :id
RETURNING id, credential_id, name, created_at, last_used_at;

-- name: delete_passkeys!
DELETE FROM passkeys WHERE account_id = :account_id;

-- name: use_challenge
INSERT INTO used_challenges (challenge_hash, expires_at)
VALUES (:challenge_hash, to_timestamp(:expires_at))
ON CONFLICT (challenge_hash) DO NOTHING
RETURNING challenge_hash;

-- name: delete_ended_challenges!
-- A few for each new one, so that the table needs no other care. An hour is more than clocks differ.
DELETE FROM used_challenges
WHERE challenge_hash IN (
    SELECT challenge_hash
    FROM used_challenges
    WHERE expires_at < statement_timestamp() - interval '1 hour'
    ORDER BY expires_at
    LIMIT 10
);
