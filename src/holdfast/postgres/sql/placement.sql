-- Placement: which node of a Citus cluster has which events. Asked only where connections go straight to the nodes.

-- name: list_shards
-- Each shard of the events by its lowest hash, with the node that takes its writes.
SELECT s.shardminvalue::bigint AS low, n.nodename AS host, n.nodeport AS port
FROM pg_dist_shard s
JOIN pg_dist_placement p USING (shardid)
JOIN pg_dist_node n USING (groupid)
WHERE s.logicalrelid = to_regclass('events') AND n.noderole = 'primary'
ORDER BY low;
