-- Constant defaults, so no row is rewritten: everything that exists belongs to organisation 1. Servers of earlier
-- generations name their columns, and find their users in the view. They know one organisation and one secret of a key.
-- So the second organisation raises oldest_server, and a key's earlier secret ends at once on such a server.

CREATE SEQUENCE organisation_numbers AS bigint START 2;
CREATE SEQUENCE audit_numbers AS bigint;

CREATE TABLE organisations (
    number bigint NOT NULL PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);
INSERT INTO organisations (number, slug, name, created_at) VALUES (1, 'main', 'Main', statement_timestamp());

ALTER TABLE users RENAME TO accounts;
ALTER INDEX users_pkey RENAME TO accounts_pkey;
ALTER INDEX users_email_folded_key RENAME TO accounts_email_folded_key;
CREATE VIEW users AS
SELECT id, name, phone_number, email, email_folded, password_hash, created_at FROM accounts;

CREATE TABLE memberships (
    organisation_number bigint NOT NULL,
    account_id bigint NOT NULL,
    role text NOT NULL,
    events bigint[],
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_number, account_id)
);
CREATE INDEX memberships_by_account ON memberships (account_id);

CREATE TABLE audit_entries (
    organisation_number bigint NOT NULL,
    id bigint NOT NULL,
    at timestamptz NOT NULL,
    principal text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    request_id text,
    address text,
    detail jsonb NOT NULL,
    PRIMARY KEY (organisation_number, id)
);
CREATE INDEX audit_entries_by_age ON audit_entries USING brin (at);

ALTER TABLE api_keys
    ADD COLUMN organisation_number bigint NOT NULL DEFAULT 1,
    ADD COLUMN previous_hash bytea,
    ADD COLUMN previous_until timestamptz;

ALTER TABLE seat_maps ADD COLUMN organisation_number bigint NOT NULL DEFAULT 1;

ALTER TABLE events ADD COLUMN organisation_number bigint NOT NULL DEFAULT 1;
CREATE INDEX events_by_organisation ON events (organisation_number, event_number);

UPDATE schema_generation SET generation = 12;
