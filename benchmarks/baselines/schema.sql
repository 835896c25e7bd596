-- What both baselines keep: an event with a counter, and a row for each hold.
CREATE TABLE shop_events (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    capacity bigint NOT NULL,
    taken bigint NOT NULL DEFAULT 0,
    CHECK (taken BETWEEN 0 AND capacity)
);
CREATE TABLE shop_holds (
    id uuid PRIMARY KEY,
    event_id bigint NOT NULL REFERENCES shop_events,
    quantity integer NOT NULL,
    token_hash bytea NOT NULL,
    placed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX shop_holds_by_expiry ON shop_holds (event_id, expires_at);
