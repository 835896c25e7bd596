-- Placement: which node of a Citus cluster has which events. Asked only where connections go straight to the nodes.

-- name: list_shards
-- Each shard of the events by its lowest hash, with the node that takes its writes.
SELECT s.shardminvalue::bigint AS low, n.nodename AS host, n.nodeport AS port
FROM pg_dist_shard s
JOIN pg_dist_placement p USING (shardid)
JOIN pg_dist_node n USING (groupid)
WHERE s.logicalrelid = to_regclass('events') AND n.noderole = 'primary'
ORDER BY low;

-- name: list_shard_tables
-- Each shard of each table of events. Those with the same lowest hash have the same events.
SELECT s.shardminvalue::bigint AS low, n.nodename AS host, n.nodeport AS port,
       s.logicalrelid::regclass::text AS name, s.shardid AS shard
FROM pg_dist_shard s
JOIN pg_dist_placement p USING (shardid)
JOIN pg_dist_node n USING (groupid)
WHERE n.noderole = 'primary' AND s.shardminvalue IS NOT NULL
ORDER BY low;

-- name: list_own_shards
-- On a node: its own shards of the events, as its copy of the cluster's catalogue has them at this moment.
SELECT s.shardid AS shard
FROM pg_dist_shard s
JOIN pg_dist_placement p USING (shardid)
JOIN pg_dist_local_group USING (groupid)
WHERE s.logicalrelid = 'events'::regclass;
