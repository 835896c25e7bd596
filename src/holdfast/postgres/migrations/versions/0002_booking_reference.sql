-- Existing bookings have a reference already: it is the last 40 bits of the id. Older servers work with the index too.

CREATE UNIQUE INDEX bookings_by_reference ON bookings (event_number, right(id::text, 10));

UPDATE schema_generation SET generation = 2;
