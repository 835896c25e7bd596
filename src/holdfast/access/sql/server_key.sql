-- Server key: which one a database is served with. The key itself is stored nowhere.

-- name: remember_key!
-- The first of two servers that start together counts.
UPDATE schema_generation SET key_fingerprint = :fingerprint WHERE key_fingerprint IS NULL;

-- name: load_fingerprint
SELECT key_fingerprint FROM schema_generation;

-- name: has_fingerprint
-- A restored database may be of an older generation.
SELECT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = to_regclass('schema_generation') AND attname = 'key_fingerprint'
) AS found;

-- name: forget_key!
UPDATE schema_generation SET key_fingerprint = NULL;
