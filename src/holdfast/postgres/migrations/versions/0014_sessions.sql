-- New tables, which servers of earlier generations do not know.

-- People who are signed in. A cookie or an access token names a session.
CREATE TABLE sessions (
    id uuid NOT NULL PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,      -- SHA-256 of the cookie's value
    account_id bigint NOT NULL,
    organisation_number bigint,            -- whose staff the person acts as; null: a buyer
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,     -- exact to a minute
    idle_seconds integer NOT NULL,         -- without a use for this long, it ends
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Links in mails, and the link of the first start. Each works once.
CREATE TABLE one_time_tokens (
    token_hash bytea NOT NULL PRIMARY KEY, -- SHA-256 of the link's token
    purpose text NOT NULL,                 -- access/one_time_tokens.py
    account_id bigint,
    organisation_number bigint,
    email text,
    detail jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX one_time_tokens_by_account ON one_time_tokens (account_id);
CREATE INDEX one_time_tokens_by_end ON one_time_tokens (expires_at);

UPDATE schema_generation SET generation = 14;
