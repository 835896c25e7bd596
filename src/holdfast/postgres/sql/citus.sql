-- Citus: what a coordinator says about its nodes and tables. Asked only where the catalogue `pg_dist_node` exists.

-- name: is_coordinator
SELECT to_regclass('pg_dist_node') IS NOT NULL AND to_regclass('pg_dist_partition') IS NOT NULL AS found;

-- name: list_event_tables
-- Our tables with rows of events, and whether each is distributed.
SELECT c.relname AS name, p.logicalrelid IS NOT NULL AS is_distributed
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'event_number' AND a.attnotnull
LEFT JOIN pg_dist_partition p ON p.logicalrelid = c.oid
WHERE c.relname = ANY(%(names)s) AND c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
ORDER BY c.relname;

-- name: distribute
SELECT create_distributed_table(%(name)s, 'event_number', colocate_with => 'events');

-- name: list_nodes
SELECT nodeid AS id, nodename || ':' || nodeport AS name, isactive AS is_active, hasmetadata AS has_metadata
FROM pg_dist_node
ORDER BY nodeid;

-- name: ask_nodes
-- One text of JSON from each node. The coordinator may be one of them.
SELECT nodeid AS id, success, result
FROM run_command_on_all_nodes(%(text)s);

-- name: look_at_node
-- Sent to each node as a text, so that it has no parameters.
SELECT json_build_object(
    'settings', (SELECT json_object_agg(name, setting) FROM pg_settings),
    'prepared', (SELECT count(*) FROM pg_prepared_xacts, (SELECT clock_timestamp()) AS at (now)
        WHERE prepared < at.now - interval '1 minute'),
    'extension', (SELECT extversion FROM pg_extension WHERE extname = 'citus'),
    'version', current_setting('server_version'),
    'now', extract(epoch FROM clock_timestamp())
)::text;
