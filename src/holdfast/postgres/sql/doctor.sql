-- Doctor: what a database has beside what a start checks. Nothing here is fatal.

-- name: load_facts
SELECT
    current_setting('server_version') AS version,
    extract(epoch FROM clock_timestamp())::double precision AS now,
    current_setting('synchronous_standby_names') AS standby_names,
    (SELECT count(*) FROM pg_stat_replication) AS standbys,
    (SELECT count(*) FROM pg_prepared_xacts, (SELECT clock_timestamp()) AS at (now)
        WHERE prepared < at.now - interval '1 minute') AS prepared,
    current_setting('autovacuum') AS autovacuum,
    current_setting('data_checksums') AS data_checksums,
    pg_size_bytes(current_setting('min_wal_size')) / 1024 / 1024 AS min_wal_megabytes,
    current_setting('max_connections')::integer AS max_connections,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections;
