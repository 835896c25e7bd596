-- What a new connection leads to. A promotion begins a new timeline; a replaced primary stays on its old one.

-- name: load_lineage
-- The timeline is null on a standby.
SELECT
    system_identifier,
    CASE WHEN NOT pg_is_in_recovery()
         THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
    END AS timeline
FROM pg_control_system();

-- name: has_nodes
-- Whether this is a coordinator of Citus, with other nodes behind it.
SELECT to_regclass('pg_dist_node') IS NOT NULL AS found;
