-- Events: how they are created and found. Numbers come from a sequence on the control connection and are
-- passed in.

-- name: next_event_number
SELECT nextval('event_numbers') AS number, clock_timestamp() AS clock;

-- name: next_dialect_numbers
-- A block of small integers for one process.
SELECT nextval('dialect_numbers') AS number FROM generate_series(1, :count);

-- name: claim_creation
-- The key row fixes number and id first: a retry makes the same event, wherever the first try stopped.
INSERT INTO event_creations (scope, body, number, id, created_at)
VALUES (:scope, :body, :number, :id, :now)
ON CONFLICT (scope) DO NOTHING
RETURNING number;

-- name: find_creation
SELECT body, number, id, created_at, status, answer FROM event_creations WHERE scope = :scope;

-- name: finish_creation!
UPDATE event_creations SET status = :status, answer = :answer WHERE scope = :scope;

-- name: insert_event
INSERT INTO events (
    event_number, id, name, status, venue, time_zone, starts_at, on_sale_at, off_sale_at, rules,
    map_version, created_at, metadata, organisation_number
)
VALUES (
    :event_number, :id, :name, :status, :venue, :time_zone, :starts_at, :on_sale_at, :off_sale_at,
    :rules::jsonb, :map_version, :created_at, :metadata::jsonb, :organisation
)
ON CONFLICT (event_number) DO NOTHING
RETURNING event_number;

-- name: insert_inventory!
INSERT INTO inventories (event_number, version, last_at, reclaimed_until)
VALUES (:event_number, 0, :now, :now);

-- name: get_event
SELECT
       -- include: event_columns,
       clock_timestamp() AS clock
FROM events e
WHERE e.event_number = :event_number;

-- name: find_standing
-- Whose event it is, and whether anyone may see it.
SELECT organisation_number AS organisation, status <> 'draft' AS is_public
FROM events
WHERE event_number = :event_number;

-- name: get_areas
SELECT
       -- include: area_columns
FROM areas a
WHERE a.event_number = :event_number
ORDER BY a.area_number;

-- name: list_events
-- Newest first, over all nodes; each node's page is merged with the others'.
SELECT
       -- include: event_columns,
       clock_timestamp() AS clock
FROM events e
WHERE e.event_number < :before
  AND (:status::text IS NULL OR e.status = :status)
  AND (
      e.status <> 'draft'
      OR (:drafts AND (:drafts_of::bigint IS NULL OR e.organisation_number = :drafts_of))
  )
  AND (:organisation::bigint IS NULL OR e.organisation_number = :organisation)
  AND (:text::text IS NULL OR e.name ILIKE :text OR e.venue ILIKE :text)
  AND (:metadata::jsonb IS NULL OR e.metadata @> :metadata::jsonb)
  AND (:starts_from::timestamptz IS NULL OR e.starts_at >= :starts_from)
  AND (:starts_until::timestamptz IS NULL OR e.starts_at < :starts_until)
  AND (:seated::boolean IS NULL OR :seated = (e.map_version > 0))
  AND (
      :on_sale::boolean IS NULL
      OR :on_sale = (
          e.status = 'published'
          AND NOT e.sales_stopped
          AND (e.on_sale_at IS NULL OR e.on_sale_at <= statement_timestamp())
          AND (e.off_sale_at IS NULL OR e.off_sale_at > statement_timestamp())
      )
  )
ORDER BY e.event_number DESC
LIMIT :max_rows;

-- name: list_capacities
-- The counters of a page of events, for a list. What a closed area has left counts as blocked.
SELECT event_number, sum(capacity)::bigint AS capacity, sum(held)::bigint AS held, sum(booked)::bigint AS booked,
       sum(CASE WHEN state = 'closed' THEN capacity - held - booked ELSE blocked END)::bigint AS blocked
FROM areas
WHERE event_number = ANY(:event_numbers)
GROUP BY event_number;

-- name: list_areas
-- The areas of a page of events.
SELECT a.event_number,
       -- include: area_columns
FROM areas a
WHERE a.event_number = ANY(:event_numbers)
ORDER BY a.event_number, a.area_number;

-- name: list_seats
SELECT label, section, row_name, position, area_number, x, y, guid, name, traits
FROM seats
WHERE event_number = :event_number AND map_version <= :map_version
ORDER BY seat_number;

-- name: list_map_details
SELECT areas, source, source_version
FROM map_details
WHERE event_number = :event_number AND map_version <= :map_version
ORDER BY map_version;
