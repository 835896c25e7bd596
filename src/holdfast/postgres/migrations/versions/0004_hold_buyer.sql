-- Null is the default, so no row is rewritten. Servers of generation 3 name their columns, so they also work with these.

ALTER TABLE holds
    ADD COLUMN buyer_name text,
    ADD COLUMN buyer_email text;

UPDATE schema_generation SET generation = 4;
