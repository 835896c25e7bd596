-- Null is the default, so no row is rewritten. Servers of generation 5 name their columns, so they also work with these.
-- The indexes hold only rows with metadata: they cost nothing where nobody uses it.

ALTER TABLE events ADD COLUMN metadata jsonb;
ALTER TABLE holds ADD COLUMN metadata jsonb;
ALTER TABLE bookings ADD COLUMN metadata jsonb;

CREATE INDEX events_by_metadata ON events USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;
CREATE INDEX bookings_by_metadata ON bookings USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;

UPDATE schema_generation SET generation = 6;
