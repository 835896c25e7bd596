-- Servers before generation 19 neither read nor write it.

ALTER TABLE schema_generation ADD COLUMN key_fingerprint text;

UPDATE schema_generation SET generation = 19;
