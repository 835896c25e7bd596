-- A new table, which servers of earlier generations do not know.

-- What each minute of an event's sale had. Counts for people who watch it: bookings and journal are the truth.
CREATE TABLE sale_minutes (
    event_number bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,                    -- held, booked, released, expired, cancelled, or refused: and a code
    count bigint NOT NULL,
    admissions bigint NOT NULL,
    PRIMARY KEY (event_number, at, kind)
) WITH (fillfactor = 70);

UPDATE schema_generation SET generation = 24;
