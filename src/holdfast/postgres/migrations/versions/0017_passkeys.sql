-- New tables, which servers of earlier generations do not know.

-- Passkeys of accounts. The private part of each stays in its authenticator.
CREATE TABLE passkeys (
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    credential_id bytea NOT NULL UNIQUE,   -- the authenticator's name for it
    public_key bytea NOT NULL,             -- COSE
    sign_count bigint NOT NULL,            -- of the newest use; an authenticator that counts never repeats one
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (account_id, id)
) WITH (fillfactor = 80);

-- Challenges that were answered rightly. Each works once.
CREATE TABLE used_challenges (
    challenge_hash bytea NOT NULL PRIMARY KEY, -- SHA-256
    expires_at timestamptz NOT NULL            -- after it, the challenge is refused without its row
);
CREATE INDEX used_challenges_by_end ON used_challenges (expires_at);

UPDATE schema_generation SET generation = 17;
