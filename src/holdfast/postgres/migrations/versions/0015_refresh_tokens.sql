-- A new table, which servers of earlier generations do not know.

-- How programs stay signed in. The tokens of one session are a family, which ends if one of them comes twice.
CREATE TABLE refresh_tokens (
    token_hash bytea NOT NULL PRIMARY KEY, -- SHA-256
    session_id uuid NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,                   -- since when the next one counts
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);

UPDATE schema_generation SET generation = 15;
