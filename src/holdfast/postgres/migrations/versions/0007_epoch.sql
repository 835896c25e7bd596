-- Servers of older generations name the columns that they read, so they also work with this one.

ALTER TABLE schema_generation ADD COLUMN epoch uuid NOT NULL DEFAULT gen_random_uuid();

UPDATE schema_generation SET generation = 7;
