-- The seat maps of venues, on the control connection. Rows are only inserted: a version never changes.

-- name: insert_venue_map
INSERT INTO seat_maps (id, version, name, document, capacity, created_at, created_by, organisation_number)
VALUES (:id, 1, :name, :document, :capacity, clock_timestamp(), :created_by, :organisation)
ON CONFLICT (id, version) DO NOTHING
RETURNING version, created_at;

-- name: add_venue_map_version
-- No row if the map does not exist, or if another request adds the same version at this moment.
INSERT INTO seat_maps (id, version, name, document, capacity, created_at, created_by, organisation_number)
SELECT :id, max(version) + 1, :name, :document, :capacity, clock_timestamp(), :created_by, :organisation
FROM seat_maps
WHERE id = :id AND organisation_number = :organisation
HAVING count(*) > 0
ON CONFLICT (id, version) DO NOTHING
RETURNING version, created_at;

-- name: get_venue_map
-- The newest version unless one is named.
SELECT id, version, name, document, capacity, created_at
FROM seat_maps
WHERE id = :id AND organisation_number = :organisation AND (:version::integer IS NULL OR version = :version)
ORDER BY version DESC
LIMIT 1;

-- name: list_venue_maps
-- The newest version of each map.
SELECT DISTINCT ON (id) id, version, name, capacity, created_at
FROM seat_maps
WHERE organisation_number = :organisation AND (:after::uuid IS NULL OR id > :after)
ORDER BY id, version DESC
LIMIT :max_rows;
