-- Existing bookings have a reference: the last 40 bits of their id. Older servers also work with this index.

CREATE UNIQUE INDEX bookings_by_reference ON bookings (event_number, right(id::text, 10));

UPDATE schema_generation SET generation = 2;
