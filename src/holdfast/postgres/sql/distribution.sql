-- Distribution: what a coordinator of Citus is asked to do with the tables of events.

-- name: is_worker
SELECT NOT citus_is_coordinator() AS found;

-- name: list_foreign_keys
-- Foreign keys among these tables, as statements that drop and make them. Citus adds one only between tables that it
-- has distributed alike.
SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', t.relname, c.conname) AS drop,
       format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', t.relname, c.conname, pg_get_constraintdef(c.oid)) AS make
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_class r ON r.oid = c.confrelid
WHERE c.contype = 'f'
  AND t.relname = ANY(%(names)s) AND r.relname = ANY(%(names)s)
  AND t.relnamespace = quote_ident(current_schema())::regnamespace
ORDER BY t.relname, c.conname;

-- name: lock_text
-- The statement that locks out all use of these tables.
SELECT format(
    'LOCK TABLE %%s IN ACCESS EXCLUSIVE MODE',
    (
        SELECT string_agg(quote_ident(name), ', ' ORDER BY place)
        FROM unnest(%(names)s::text[]) WITH ORDINALITY AS n (name, place)
    )
) AS lock;

-- name: distribute_first
SELECT create_distributed_table(%(name)s, 'event_number', colocate_with => 'none', shard_count => %(shards)s);

-- name: distribute
SELECT create_distributed_table(%(name)s, 'event_number', colocate_with => 'events');

-- name: empty_local_copy
-- The rows are on the nodes now; this frees their former place.
SELECT truncate_local_data_after_distributing_table(%(name)s);

-- name: undistribute
SELECT undistribute_table(%(name)s);

-- name: isolate
SELECT isolate_tenant_to_new_shard('events', %(number)s::bigint, 'CASCADE', shard_transfer_mode => 'auto') AS shard;

-- name: shard_of
-- The shard of an event and its node. An isolated event is the only one of its shard's range.
SELECT s.shardid AS shard, n.nodename AS host, n.nodeport AS port,
       s.shardminvalue = s.shardmaxvalue AS is_alone
FROM pg_dist_shard s
JOIN pg_dist_placement p USING (shardid)
JOIN pg_dist_node n USING (groupid)
WHERE s.shardid = get_shard_id_for_distribution_column('events', %(number)s::bigint);

-- name: move_shard
SELECT citus_move_shard_placement(%(shard)s, %(from_host)s, %(from_port)s, %(host)s, %(port)s);

-- name: start_rebalance
-- Runs in the background of the coordinator. Null if the shards are balanced.
SELECT citus_rebalance_start() AS job;

-- name: rebalance_state
SELECT state::text AS state FROM citus_rebalance_status();

-- name: list_shares
-- Each node that has or may have rows, with its shards.
SELECT n.nodename || ':' || n.nodeport AS name, n.groupid AS group_id, n.isactive AS is_active,
       n.shouldhaveshards AS has_shards, count(p.placementid) AS shards
FROM pg_dist_node n
LEFT JOIN pg_dist_placement p
    ON p.groupid = n.groupid
    AND p.shardid IN (SELECT shardid FROM pg_dist_shard WHERE logicalrelid = to_regclass('events'))
GROUP BY 1, 2, 3, 4
ORDER BY 1;

-- name: list_sizes
-- The size of the database on each node that answers.
SELECT n.nodename || ':' || n.nodeport AS name, r.result
FROM run_command_on_all_nodes('SELECT pg_database_size(current_database())') r
JOIN pg_dist_node n USING (nodeid)
WHERE r.success;

-- name: list_moves
-- Shards that are on their way, each with its tables.
SELECT sourcename || ':' || sourceport AS source, targetname || ':' || targetport AS target,
       count(*) AS tables, sum(source_shard_size)::bigint AS size_bytes
FROM get_rebalance_progress()
WHERE progress < 2
GROUP BY 1, 2
ORDER BY 1, 2;
