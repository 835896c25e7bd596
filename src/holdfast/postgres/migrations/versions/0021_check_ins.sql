-- New tables, which servers of earlier generations do not know.

-- The doors of an event: their rules, and how far their log counts. The record of a scan locks the row.
CREATE TABLE doors (
    event_number bigint NOT NULL,
    last_number bigint NOT NULL DEFAULT 0, -- of the newest scan
    rules jsonb NOT NULL,                  -- door/decide.py
    changed_at timestamptz,                -- the rules; null: never
    PRIMARY KEY (event_number)
) WITH (fillfactor = 50);

-- The log of scans, in the order of their arrival. Rows never change. A code is here as its SHA-256 only.
CREATE TABLE check_ins (
    event_number bigint NOT NULL,
    number bigint NOT NULL,
    device text NOT NULL,
    seq bigint NOT NULL,                   -- counts the scans of the device: a repeat adds no row
    device_at timestamptz NOT NULL,        -- by the device's clock
    at timestamptz NOT NULL,               -- the same moment, by the clock of the server
    recorded_at timestamptz NOT NULL,
    code_hash bytea NOT NULL,
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    gate text,
    list text,
    shown boolean NOT NULL,                -- the device had no network and let the person pass
    verdict text NOT NULL,
    why text,
    earlier jsonb,                         -- the movement that spoke against it
    booking_id uuid,                       -- null: of no ticket of this event
    ticket_number integer,
    admission text,                        -- the seat's label, or the area
    recorded_by text NOT NULL,
    PRIMARY KEY (event_number, number),
    UNIQUE (event_number, device, seq)
);
CREATE INDEX check_ins_by_ticket ON check_ins (event_number, booking_id, ticket_number, number)
    WHERE verdict IN ('admitted', 'left');

UPDATE schema_generation SET generation = 21;
