-- Constant defaults, so no row is rewritten. A server before generation 20 changes no booking in part. Until it stops,
-- it shows the seats of such a change as they were; the index of live claims keeps it from selling one twice.

ALTER TABLE claims ADD COLUMN returned boolean NOT NULL DEFAULT false;
ALTER TABLE claims ADD COLUMN ticket integer;

UPDATE schema_generation SET generation = 20;
