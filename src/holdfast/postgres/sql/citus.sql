-- Citus: what a coordinator says about its nodes and tables. Asked only where the catalogue `pg_dist_node` exists.

-- name: is_coordinator
SELECT to_regclass('pg_dist_node') IS NOT NULL AND to_regclass('pg_dist_partition') IS NOT NULL AS found;

-- name: list_event_tables
-- The tables of these names that exist, in this order. Sizes are those of the coordinator's own rows.
SELECT c.relname AS name, p.logicalrelid IS NOT NULL AS is_distributed, p.colocationid AS colocation,
       greatest(c.reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS size_bytes,
       pg_relation_size(c.oid) > 0 AS has_own_rows
FROM pg_class c
LEFT JOIN pg_dist_partition p ON p.logicalrelid = c.oid
WHERE c.relname = ANY(%(names)s) AND c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r'
ORDER BY array_position(%(names)s, c.relname::text);

-- name: list_nodes
SELECT nodeid AS id, nodename || ':' || nodeport AS name, isactive AS is_active, hasmetadata AS has_metadata,
       groupid = 0 AS is_coordinator
FROM pg_dist_node
ORDER BY nodeid;

-- name: ask_nodes
-- One text of JSON from each node. The coordinator may be one of them.
SELECT nodeid AS id, success, result
FROM run_command_on_all_nodes(%(text)s);

-- name: list_broken_ways
-- Each pair of nodes of which the first cannot connect to the second, as this role.
SELECT from_nodename || ':' || from_nodeport AS source, to_nodename || ':' || to_nodeport AS target
FROM citus_check_cluster_node_health()
WHERE result IS DISTINCT FROM true;

-- name: look_at_node
-- Sent to each node as a text, so that it has no parameters.
SELECT json_build_object(
    'settings', (SELECT json_object_agg(name, setting) FROM pg_settings),
    'prepared', (SELECT count(*) FROM pg_prepared_xacts, (SELECT clock_timestamp()) AS at (now)
        WHERE prepared < at.now - interval '1 minute'),
    'ends_idle', (SELECT source NOT IN ('default', 'user', 'database user', 'client') FROM pg_settings
        WHERE name = 'idle_in_transaction_session_timeout'),
    'extension', (SELECT extversion FROM pg_extension WHERE extname = 'citus'),
    'version', current_setting('server_version'),
    'locale', (SELECT pg_encoding_to_char(encoding) || ' ' || datcollate || ' ' || datctype FROM pg_database
        WHERE datname = current_database()),
    'standbys', (SELECT count(*) FROM pg_stat_replication),
    'connections', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    'now', extract(epoch FROM clock_timestamp())
)::text;
