-- A new table, which servers of earlier generations do not know.

-- Tickets that were issued again: each has another code since. All others are derived from their bookings.
CREATE TABLE ticket_revisions (
    event_number bigint NOT NULL,
    booking_id uuid NOT NULL,
    ticket_number integer NOT NULL CHECK (ticket_number > 0),
    revision integer NOT NULL CHECK (revision > 0),
    reissued_at timestamptz NOT NULL,
    reissued_by text NOT NULL,
    retry_scopes bytea[] NOT NULL,         -- of the last requests: a retry of one voids no code
    PRIMARY KEY (event_number, booking_id, ticket_number)
);

UPDATE schema_generation SET generation = 18;
