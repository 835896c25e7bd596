-- Rows move by UPDATE and not by a rewrite of the table: a snapshot taken before would see a rewritten table empty.
-- Batches wait for the lock of `inventories`, which this transaction has. Servers before generation 3 read the old columns, so
-- that they cannot serve this schema.

ALTER TABLE events ADD COLUMN rules jsonb;

UPDATE events SET rules = jsonb_build_object(
    'hold_ttl_seconds', hold_ttl_seconds,
    'max_hold_ttl_seconds', max_hold_ttl_seconds,
    'max_per_hold', max_per_hold,
    'max_per_buyer', max_per_buyer,
    'allow_partial', allow_partial
);

ALTER TABLE events
    ALTER COLUMN rules SET NOT NULL,
    ADD CHECK (jsonb_typeof(rules) = 'object'),
    DROP COLUMN hold_ttl_seconds,
    DROP COLUMN max_hold_ttl_seconds,
    DROP COLUMN max_per_hold,
    DROP COLUMN max_per_buyer,
    DROP COLUMN allow_partial;

UPDATE schema_generation SET generation = 3, oldest_server = 3;
