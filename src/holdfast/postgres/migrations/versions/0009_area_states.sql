-- A constant default, so no row is rewritten. Servers from generation 3 on name their columns; until they stop they go
-- on selling in an area that a newer server closes.

ALTER TABLE areas
    ADD COLUMN state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'removed'));

UPDATE schema_generation SET generation = 9;
