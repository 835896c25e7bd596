-- A constant default, so no row is rewritten. Servers from generation 3 on name their columns. Their answers are kept
-- long.

ALTER TABLE idempotency ADD COLUMN brief boolean NOT NULL DEFAULT false;

CREATE INDEX idempotency_brief_by_age ON idempotency (created_at) WHERE brief;

UPDATE schema_generation SET generation = 10;
