-- New tables, which servers of earlier generations do not know.

-- Up to which version of an event's journal a consumer has its jobs.
CREATE TABLE feeds (
    event_number bigint NOT NULL,
    consumer text NOT NULL,                -- a webhook's endpoint
    version bigint NOT NULL,
    PRIMARY KEY (event_number, consumer)
) WITH (fillfactor = 50);

-- Receivers of notices. Their secrets are derived from the server key, and stored nowhere.
CREATE TABLE webhook_endpoints (
    id uuid NOT NULL PRIMARY KEY,
    organisation_number bigint NOT NULL,
    url text NOT NULL,
    kinds text[] NOT NULL,                 -- of notices; empty: all
    description text,
    status text NOT NULL CHECK (status IN ('enabled', 'disabled')),
    reason text,                           -- why the server disabled it
    generation integer NOT NULL,           -- of the secret; a rotation adds one
    rotated_at timestamptz,
    failing_since timestamptz,             -- no delivery has succeeded since
    created_at timestamptz NOT NULL,
    created_by text NOT NULL
);

UPDATE schema_generation SET generation = 13;
