-- Backups: what a database contains before a restore. All tables are in the first schema of the search path.

-- name: list_relations
-- Tables and sequences, plain and quoted. Dropping a table also drops its indexes and other parts.
SELECT c.relkind = 'S' AS is_sequence, c.relname::text AS plain, format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'S')
ORDER BY c.relname;

-- name: load_schema
-- As `regnamespace` writes it: in quotes where it needs them.
SELECT quote_ident(current_schema()) AS schema;

-- name: has_events
-- A row without columns is a syntax error for a Citus coordinator.
SELECT EXISTS (SELECT 1 FROM events) AS found;

-- name: has_keys
-- users is a table before generation 12, and a view since then.
SELECT EXISTS (SELECT FROM api_keys) OR EXISTS (SELECT FROM users) AS found;

-- name: count_servers
-- Holdfast's sessions on this database, without this one.
SELECT count(*)
FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'holdfast' AND pid <> pg_backend_pid();

-- name: server_facts
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size_bytes;
