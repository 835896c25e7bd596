-- No defaults, so no row is rewritten. A server before generation 25 does not know that a booking went to another person:
-- until it stops, it takes the tickets of before for the present ones.

ALTER TABLE bookings ADD COLUMN transfers integer;
ALTER TABLE bookings ADD COLUMN transferred_at timestamptz;

UPDATE schema_generation SET generation = 25;
