-- Which primary of a pair this is. A promotion begins a new timeline; a replaced primary stays on its old one.

-- name: load_lineage
-- The timeline is null on a standby.
SELECT
    system_identifier,
    CASE WHEN NOT pg_is_in_recovery()
         THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer
    END AS timeline
FROM pg_control_system();
