-- New tables, and columns with defaults: servers of earlier generations do not see them.

-- Authenticator apps. The secret of each is derived from the server key and the id.
CREATE TABLE totp_apps (
    account_id bigint NOT NULL PRIMARY KEY,
    id uuid NOT NULL,
    is_confirmed boolean NOT NULL,
    last_step bigint NOT NULL,             -- the time step of the newest code that was used
    created_at timestamptz NOT NULL
) WITH (fillfactor = 80);

-- Codes for the day an app is lost. One that was used is deleted.
CREATE TABLE recovery_codes (
    account_id bigint NOT NULL,
    code_hash bytea NOT NULL,              -- SHA-256
    PRIMARY KEY (account_id, code_hash)
);

ALTER TABLE sessions ADD COLUMN has_second_factor boolean NOT NULL DEFAULT false;
ALTER TABLE organisations ADD COLUMN requires_second_factor boolean NOT NULL DEFAULT false;

UPDATE schema_generation SET generation = 16;
