-- Second factors: of no event, on the control connection.

-- name: begin_totp
-- An app that was not confirmed is replaced.
INSERT INTO totp_apps (account_id, id, is_confirmed, last_step, created_at)
VALUES (:account_id, :id, false, 0, statement_timestamp())
ON CONFLICT (account_id) DO UPDATE
SET id = excluded.id, last_step = 0, created_at = excluded.created_at
WHERE NOT totp_apps.is_confirmed
RETURNING account_id;

-- name: lock_totp
SELECT id, is_confirmed, last_step FROM totp_apps WHERE account_id = :account_id FOR UPDATE;

-- name: confirm_totp!
UPDATE totp_apps SET is_confirmed = true WHERE account_id = :account_id;

-- name: use_totp_step!
UPDATE totp_apps SET last_step = :step WHERE account_id = :account_id;

-- name: delete_totp!
DELETE FROM totp_apps WHERE account_id = :account_id;

-- name: insert_recovery_codes!
INSERT INTO recovery_codes (account_id, code_hash) SELECT :account_id, unnest(:hashes::bytea[]);

-- name: delete_recovery_codes!
DELETE FROM recovery_codes WHERE account_id = :account_id;

-- name: use_recovery_code
DELETE FROM recovery_codes WHERE account_id = :account_id AND code_hash = :code_hash RETURNING account_id;

-- name: count_recovery_codes
SELECT (SELECT count(*) FROM recovery_codes c WHERE c.account_id = t.account_id) AS codes
FROM totp_apps t
WHERE t.account_id = :account_id AND t.is_confirmed;

-- name: prove_session!
UPDATE sessions SET has_second_factor = true WHERE id = :session_id AND account_id = :account_id;

-- name: end_other_sessions!
DELETE FROM sessions WHERE account_id = :account_id AND id <> :session_id;

-- name: lock_account
-- Of two changes of an account's ways to sign in, the second sees the first.
SELECT email, name FROM accounts WHERE id = :account_id FOR UPDATE;

-- name: second_factors_of
-- What the account has, and whether an organisation of its requires some of it.
SELECT
    (SELECT count(*) FROM passkeys p WHERE p.account_id = :account_id) AS passkeys,
    EXISTS (SELECT FROM totp_apps t WHERE t.account_id = :account_id AND t.is_confirmed) AS has_app,
    (SELECT count(*) FROM recovery_codes c WHERE c.account_id = :account_id) AS recovery_codes,
    EXISTS (
        SELECT FROM memberships m JOIN organisations o ON o.number = m.organisation_number
        WHERE m.account_id = :account_id AND o.requires_second_factor
    ) AS is_required;
