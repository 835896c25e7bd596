-- Backups: what is in a database before one is restored into it. In the first schema of the search path, as all of ours.

-- name: list_relations
-- Tables and sequences, quoted; what belongs to a table goes with it.
SELECT c.relkind = 'S' AS is_sequence, format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'S')
ORDER BY c.relname;

-- name: has_events
SELECT EXISTS (SELECT FROM events) AS found;

-- name: has_keys
SELECT EXISTS (SELECT FROM api_keys) OR EXISTS (SELECT FROM users) AS found;

-- name: count_servers
-- Holdfast's own sessions on this database, this one apart.
SELECT count(*)
FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'holdfast' AND pid <> pg_backend_pid();

-- name: server_facts
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size_bytes;
