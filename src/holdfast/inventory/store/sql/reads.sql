-- Reads outside any lane, each one statement and so of one state. A lapsed hold is returned as gone whether
-- or not its rows were rewritten: event time is the later of the clock and the last batch's time.

-- name: read_state
-- Counters by area, and the first expiry of an active hold. If that has passed, the answer is `read_lapsed_state`.
-- Without the search for lapsed holds, a generic plan costs what a plan for one event costs, so PostgreSQL
-- keeps it. With the search, one very large event makes it plan each read of the other events again.
WITH moment AS MATERIALIZED (
    SELECT i.version, greatest(statement_timestamp(), i.last_at) AS now, i.reclaimed_until
    FROM inventories i
    WHERE i.event_number = :event_number
)
SELECT
       -- include: event_columns,
       m.version, m.now,
       (
           SELECT min(h.expires_at)
           FROM holds h
           WHERE h.event_number = :event_number
             AND h.status = 'active'
             AND h.expires_at >= (SELECT reclaimed_until FROM moment)
       ) AS next_expiry,
       -- include: area_columns,
       0 AS lapsed
FROM moment m
JOIN events e ON e.event_number = :event_number
LEFT JOIN areas a ON a.event_number = :event_number
ORDER BY a.area_number;

-- name: read_lapsed_state
-- The same, with the number of lapsed holds, the lapsed part of each area's `held`, and the next expiry.
WITH moment AS MATERIALIZED (
    SELECT i.version, greatest(statement_timestamp(), i.last_at) AS now, i.reclaimed_until
    FROM inventories i
    WHERE i.event_number = :event_number
),
lapsed AS MATERIALIZED (
    SELECT h.id
    FROM holds h
    WHERE h.event_number = :event_number
      AND h.status = 'active'
      AND h.expires_at >= (SELECT reclaimed_until FROM moment)
      AND h.expires_at <= (SELECT now FROM moment)
),
coming_back AS (
    SELECT c.area_number, sum(c.quantity) AS quantity
    FROM lapsed l
    JOIN claims c ON c.event_number = :event_number AND c.hold_id = l.id
    GROUP BY c.area_number
)
SELECT
       -- include: event_columns,
       m.version, m.now,
       (SELECT count(*) FROM lapsed) AS lapsed,
       (
           SELECT min(h.expires_at)
           FROM holds h
           WHERE h.event_number = :event_number AND h.status = 'active' AND h.expires_at > (SELECT now FROM moment)
       ) AS next_expiry,
       -- include: area_columns,
       coalesce(r.quantity, 0)::bigint AS area_lapsed
FROM moment m
JOIN events e ON e.event_number = :event_number
LEFT JOIN areas a ON a.event_number = :event_number
LEFT JOIN coming_back r ON r.area_number = a.area_number
ORDER BY a.area_number;

-- name: read_versions
-- The one small query for all watched events.
SELECT event_number, version FROM inventories WHERE event_number = ANY(:event_numbers);

-- name: read_hold
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       greatest(statement_timestamp(), i.last_at) AS now
FROM inventories i
JOIN holds h ON h.event_number = :event_number AND h.id = :hold_id
LEFT JOIN bookings b ON b.event_number = :event_number AND b.hold_id = h.id
WHERE i.event_number = :event_number;

-- name: read_hold_of_seat
-- The hold, booked or not, that has a live claim on a seat.
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       greatest(statement_timestamp(), i.last_at) AS now
FROM inventories i
JOIN claims c ON c.event_number = :event_number AND c.seat_number = :seat_number AND c.ended_version IS NULL
JOIN holds h ON h.event_number = :event_number AND h.id = c.hold_id
LEFT JOIN bookings b ON b.event_number = :event_number AND b.hold_id = h.id
WHERE i.event_number = :event_number;

-- name: read_hold_of_booking
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       greatest(statement_timestamp(), i.last_at) AS now
FROM inventories i
JOIN bookings b ON b.event_number = :event_number AND b.id = :booking_id
JOIN holds h ON h.event_number = :event_number AND h.id = b.hold_id
WHERE i.event_number = :event_number;

-- name: read_booked_claims
-- Of holds and blocks, with the tickets of bookings that have changed. What a booking returned is left out.
SELECT hold_id, line, area_number, seat_number, quantity, claim_number, ticket, returned
FROM claims
WHERE event_number = :event_number AND hold_id = ANY(:hold_ids::uuid[]) AND NOT returned
ORDER BY hold_id, claim_number;

-- name: list_holds
-- Newest first. `status` is a hold's present status: a lapsed hold is expired, and one of a cancelled event
-- released.
WITH moment AS MATERIALIZED (
    SELECT greatest(statement_timestamp(), i.last_at) AS now, e.status = 'cancelled' AS cancelled
    FROM inventories i
    JOIN events e ON e.event_number = :event_number
    WHERE i.event_number = :event_number
)
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       m.now
FROM moment m
JOIN holds h ON h.event_number = :event_number
LEFT JOIN bookings b ON b.event_number = :event_number AND b.hold_id = h.id
WHERE (:before::uuid IS NULL OR h.id < :before)
  AND (:buyer::text IS NULL OR h.buyer IN (:buyer, :identity) OR h.buyer_identity = :identity)
  AND (
      :status::text IS NULL
      OR :status = CASE
          WHEN h.status <> 'active' THEN h.status
          WHEN m.cancelled THEN 'released'
          WHEN h.expires_at <= m.now THEN 'expired'
          ELSE 'active'
      END
  )
ORDER BY h.id DESC
LIMIT :max_rows;

-- name: list_bookings
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       statement_timestamp() AS now
FROM bookings b
JOIN holds h ON h.event_number = :event_number AND h.id = b.hold_id
WHERE b.event_number = :event_number
  AND (:before::uuid IS NULL OR b.id < :before)
  AND (:status::text IS NULL OR b.status = :status)
ORDER BY b.id DESC
LIMIT :max_rows;

-- name: find_holds_of_bookings
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       statement_timestamp() AS now
FROM bookings b
JOIN holds h ON h.event_number = :event_number AND h.id = b.hold_id
WHERE b.event_number = :event_number AND b.id = ANY(:booking_ids::uuid[]);

-- name: search_bookings
-- By metadata. A statement of its own: a condition that may be absent would keep a generic plan from the index.
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       statement_timestamp() AS now
FROM bookings b
JOIN holds h ON h.event_number = :event_number AND h.id = b.hold_id
WHERE b.event_number = :event_number
  AND b.metadata @> :metadata::jsonb
  AND (:before::uuid IS NULL OR b.id < :before)
  AND (:status::text IS NULL OR b.status = :status)
ORDER BY b.id DESC
LIMIT :max_rows;

-- name: search_bookings_of_all
-- A fan-out: each node searches its own index, bookings_by_metadata.
SELECT b.event_number, b.id
FROM bookings b
WHERE b.metadata @> :metadata::jsonb
  AND (:before::uuid IS NULL OR b.id < :before)
  AND (:status::text IS NULL OR b.status = :status)
  AND (
      :organisation::bigint IS NULL
      OR EXISTS (
          SELECT 1 FROM events e
          WHERE e.event_number = b.event_number AND e.organisation_number = :organisation
      )
  )
ORDER BY b.id DESC
LIMIT :max_rows;

-- name: list_bookings_of_all
-- A fan-out: the newest bookings of every event on a node.
SELECT b.event_number, b.id
FROM bookings b
WHERE (:before::uuid IS NULL OR b.id < :before)
  AND (:status::text IS NULL OR b.status = :status)
  AND (
      :organisation::bigint IS NULL
      OR EXISTS (
          SELECT 1 FROM events e
          WHERE e.event_number = b.event_number AND e.organisation_number = :organisation
      )
  )
ORDER BY b.id DESC
LIMIT :max_rows;

-- name: find_bookings_of_all
-- A fan-out: each event of a node is searched by its own index, bookings_by_reference.
SELECT b.event_number, b.id
FROM events e
CROSS JOIN LATERAL (
    SELECT event_number, id
    FROM bookings
    WHERE event_number = e.event_number AND right(id::text, 10) = :end_of_id
    OFFSET 0
) b
WHERE :organisation::bigint IS NULL OR e.organisation_number = :organisation;

-- name: list_blocks
SELECT b.id, b.reason, b.blocked_at, b.lifted_at
FROM blocks b
WHERE b.event_number = :event_number
  AND (:before::uuid IS NULL OR b.id < :before)
  AND (:live::boolean IS NULL OR :live = (b.lifted_at IS NULL))
ORDER BY b.id DESC
LIMIT :max_rows;

-- name: version_at
-- The last version at or before a time; an event's time never runs backwards.
SELECT max(version) AS version FROM journal WHERE event_number = :event_number AND at <= :at;

-- name: taken_at
-- What was taken, by area and state, at a version and its time. A hold counts if its final expiry was after
-- that time, or if it was booked later.
SELECT c.area_number,
       CASE
           WHEN c.kind = 'block' THEN 'blocked'
           WHEN c.booked_version <= :version THEN 'booked'
           ELSE 'held'
       END AS state,
       sum(c.quantity)::bigint AS quantity
FROM claims c
LEFT JOIN holds h ON h.event_number = :event_number AND h.id = c.hold_id
WHERE c.event_number = :event_number
  AND c.held_version <= :version
  AND (c.ended_version IS NULL OR c.ended_version > :version)
  AND (c.kind = 'block' OR c.booked_version IS NOT NULL OR h.expires_at > :at)
GROUP BY 1, 2;

-- name: seats_at
SELECT c.seat_number,
       CASE
           WHEN c.kind = 'block' THEN 'blocked'
           WHEN c.booked_version <= :version THEN 'booked'
           ELSE 'held'
       END AS state,
       h.expires_at
FROM claims c
LEFT JOIN holds h ON h.event_number = :event_number AND h.id = c.hold_id
WHERE c.event_number = :event_number
  AND c.seat_number IS NOT NULL
  AND c.held_version <= :version
  AND (c.ended_version IS NULL OR c.ended_version > :version)
  AND (c.kind = 'block' OR c.booked_version IS NOT NULL OR h.expires_at > :at)
ORDER BY c.seat_number;

-- name: structural_since
-- Changes of the inventory itself after a version, which show the capacities at that version.
SELECT version, changes
FROM journal
WHERE event_number = :event_number AND version > :version AND structural
ORDER BY version;

-- name: structural_until
SELECT version, changes
FROM journal
WHERE event_number = :event_number AND version <= :version AND structural
ORDER BY version DESC;

-- name: journal_since
SELECT version, at, changes
FROM journal
WHERE event_number = :event_number AND version > :version
ORDER BY version
LIMIT :max_rows;

-- name: released_at
-- When a hold on a seat ended: by the version that returned the seat, or before that by its event's
-- cancellation.
SELECT min(ended.at) AS at
FROM (
    SELECT j.at
    FROM claims c
    JOIN journal j ON j.event_number = :event_number AND j.version = c.ended_version
    WHERE c.event_number = :event_number AND c.seat_number = :seat_number AND c.ended_version IS NOT NULL
      AND c.hold_id = :hold_id
    UNION ALL
    SELECT j.at
    FROM journal j
    WHERE j.event_number = :event_number AND j.structural AND j.changes @> '[{"change": "event_cancelled"}]'
) ended;

-- name: count_totals
-- The sums of one node for the metrics, counted from the rows.
SELECT (SELECT count(*) FROM events) AS events,
       (SELECT count(*) FROM holds WHERE status = 'active' AND expires_at > statement_timestamp()) AS active_holds,
       (SELECT count(*) FROM bookings WHERE status = 'confirmed') AS bookings,
       (
           SELECT count(*)
           FROM holds
           WHERE status = 'expired' OR (status = 'active' AND expires_at <= statement_timestamp())
       ) AS expired_holds,
       (SELECT min(expires_at) FROM holds WHERE status = 'active' AND expires_at <= statement_timestamp()) AS oldest,
       statement_timestamp() AS now;

-- name: count_events_on_sale
-- The busiest events on sale of one node, from their counters. A lapsed hold counts as held until it is reclaimed.
SELECT e.event_number, sum(a.capacity)::bigint AS capacity, sum(a.held)::bigint AS held,
       sum(a.booked)::bigint AS booked, sum(a.blocked)::bigint AS blocked
FROM events e
JOIN areas a ON a.event_number = e.event_number
WHERE e.status = 'published'
  AND NOT e.sales_stopped
  AND (e.on_sale_at IS NULL OR e.on_sale_at <= statement_timestamp())
  AND (e.off_sale_at IS NULL OR e.off_sale_at > statement_timestamp())
GROUP BY e.event_number
ORDER BY sum(a.held) + sum(a.booked) DESC, e.event_number DESC
LIMIT :max_rows;

-- name: count_live_holds
-- The holds of one node, from the index of active holds alone.
SELECT count(*) FILTER (WHERE expires_at > statement_timestamp()) AS live,
       min(expires_at) FILTER (WHERE expires_at <= statement_timestamp()) AS oldest,
       statement_timestamp() AS now
FROM holds
WHERE status = 'active';
