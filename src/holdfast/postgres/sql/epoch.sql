-- Epoch: the name of the one history in which versions count (docs/decisions/0022-epochs.md).

-- name: load_epoch
-- A restored table has another oid, a copied database too. A standby has the same ones after its promotion.
SELECT
    epoch,
    'schema_generation'::regclass::oid::bigint AS relation,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database
FROM schema_generation;

-- name: load_cluster
-- A cluster's own number. Some database services refuse this query.
SELECT system_identifier FROM pg_control_system();

-- name: renew_epoch!
UPDATE schema_generation SET epoch = %(epoch)s;
