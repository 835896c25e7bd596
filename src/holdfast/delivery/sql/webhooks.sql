-- Webhooks: endpoints on the control connection, and where each one stands in each event's journal.

-- name: insert_endpoint
INSERT INTO webhook_endpoints (id, organisation_number, url, kinds, description, status, generation, created_at, created_by)
VALUES (:id, :organisation, :url, :kinds, :description, 'enabled', 1, statement_timestamp(), :created_by)
ON CONFLICT (id) DO NOTHING
RETURNING id, organisation_number, url, kinds, description, status, reason, generation, rotated_at, failing_since, created_at;

-- name: list_endpoints
SELECT id, organisation_number, url, kinds, description, status, reason, generation, rotated_at, failing_since, created_at
FROM webhook_endpoints
WHERE :organisation::bigint IS NULL OR organisation_number = :organisation
ORDER BY created_at, id;

-- name: get_endpoint
SELECT id, organisation_number, url, kinds, description, status, reason, generation, rotated_at, failing_since, created_at
FROM webhook_endpoints
WHERE id = :id;

-- name: change_endpoint
-- A change by a person. Enabling it clears why it was disabled.
UPDATE webhook_endpoints
SET url = :url,
    kinds = :kinds,
    description = :description,
    status = :status,
    reason = CASE WHEN :status::text = 'disabled' THEN reason END,
    failing_since = CASE WHEN :status::text = 'disabled' THEN failing_since END
WHERE id = :id
RETURNING id, organisation_number, url, kinds, description, status, reason, generation, rotated_at, failing_since, created_at;

-- name: rotate_endpoint
UPDATE webhook_endpoints
SET generation = generation + 1, rotated_at = statement_timestamp()
WHERE id = :id
RETURNING id, organisation_number, url, kinds, description, status, reason, generation, rotated_at, failing_since, created_at;

-- name: delete_endpoint
-- Its due deliveries end with their next attempt. Its marks stay: no other endpoint gets its id.
DELETE FROM webhook_endpoints
WHERE id = :id
RETURNING id, organisation_number, url, kinds, description, status, reason, generation, rotated_at, failing_since, created_at;

-- name: note_success!
UPDATE webhook_endpoints SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL;

-- name: note_failure
-- The first failure since a success, and after days without one the end.
UPDATE webhook_endpoints
SET failing_since = coalesce(failing_since, statement_timestamp()),
    status = CASE
        WHEN :gone::boolean OR failing_since < statement_timestamp() - make_interval(days => :days) THEN 'disabled'
        ELSE status
    END,
    reason = CASE
        WHEN :gone::boolean THEN 'gone'
        WHEN failing_since < statement_timestamp() - make_interval(days => :days) THEN 'failing'
        ELSE reason
    END
WHERE id = :id AND status = 'enabled'
RETURNING status;

-- name: find_behind
-- A fan-out: events of an endpoint's organisation with versions that it has not had. Without a mark it begins with its
-- own creation.
SELECT i.event_number, f.version AS mark
FROM inventories i
JOIN events e ON e.event_number = i.event_number
LEFT JOIN feeds f ON f.event_number = i.event_number AND f.consumer = :consumer
WHERE e.organisation_number = :organisation
  AND CASE WHEN f.version IS NULL THEN i.last_at >= :since ELSE i.version > f.version END
ORDER BY i.event_number
LIMIT :max_rows;

-- name: find_start
SELECT coalesce(max(version), -1) AS version FROM journal WHERE event_number = :event_number AND at < :since;

-- name: begin_feed
INSERT INTO feeds (event_number, consumer, version)
VALUES (:event_number, :consumer, :version)
ON CONFLICT (event_number, consumer) DO NOTHING
RETURNING version;

-- name: move_feed
-- Nothing if another process has moved it: then that process wrote the jobs.
UPDATE feeds
SET version = :version
WHERE event_number = :event_number AND consumer = :consumer AND version = :mark
RETURNING version;
