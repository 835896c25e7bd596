-- Read models: an event as readers see it, loaded in full once and then followed by its journal. Each load is
-- one statement, and so of one state.

-- name: load_read_model
-- The state of the counters, the live claims and the holds that may lapse. Claims of holds are returned in
-- parallel arrays, one element per claim. Booked and blocked seats are returned without holds, since no time
-- ends them.
WITH live AS MATERIALIZED (
    SELECT h.id::text AS id, h.expires_at, c.area_number, c.seat_number, c.quantity, h.buyer
    FROM holds h
    JOIN claims c ON c.event_number = :event_number AND c.hold_id = h.id AND c.ended_version IS NULL
    WHERE h.event_number = :event_number AND h.status = 'active'
)
SELECT
       -- include: event_columns,
       i.version, greatest(statement_timestamp(), i.last_at) AS now,
       a.area_number, a.area_name, a.category, a.seated, a.capacity, a.held, a.booked, a.blocked,
       a.area_state, l.hold_ids, l.expiries, l.areas, l.seats, l.quantities, l.buyers,
       s.booked_seats, s.blocked_seats
FROM inventories i
JOIN events e ON e.event_number = :event_number
CROSS JOIN LATERAL (
    SELECT array_agg(x.area_number ORDER BY x.area_number) AS area_number,
           array_agg(x.name ORDER BY x.area_number) AS area_name,
           array_agg(x.category ORDER BY x.area_number) AS category,
           array_agg(x.seated ORDER BY x.area_number) AS seated,
           array_agg(x.capacity ORDER BY x.area_number) AS capacity,
           array_agg(x.held ORDER BY x.area_number) AS held,
           array_agg(x.booked ORDER BY x.area_number) AS booked,
           array_agg(x.blocked ORDER BY x.area_number) AS blocked,
           array_agg(x.state ORDER BY x.area_number) AS area_state
    FROM areas x
    WHERE x.event_number = :event_number
) a
CROSS JOIN LATERAL (
    SELECT array_agg(id) AS hold_ids, array_agg(expires_at) AS expiries, array_agg(area_number) AS areas,
           array_agg(seat_number) AS seats, array_agg(quantity) AS quantities, array_agg(buyer) AS buyers
    FROM live
) l
CROSS JOIN LATERAL (
    SELECT array_agg(c.seat_number) FILTER (WHERE c.booked_version IS NOT NULL) AS booked_seats,
           array_agg(c.seat_number) FILTER (WHERE c.kind = 'block') AS blocked_seats
    FROM claims c
    WHERE c.event_number = :event_number AND c.ended_version IS NULL AND c.seat_number IS NOT NULL
) s
WHERE i.event_number = :event_number;

-- name: list_buyers
-- Who has booked which seat, for readers that show it. The load leaves it out: joining the holds takes five
-- times as long.
SELECT c.seat_number, h.buyer
FROM claims c
JOIN holds h ON h.event_number = :event_number AND h.id = c.hold_id
WHERE c.event_number = :event_number AND c.ended_version IS NULL AND c.seat_number IS NOT NULL
  AND c.booked_version IS NOT NULL AND h.buyer IS NOT NULL;

-- name: follow_read_model
-- The newest version, the event's time, and the journal after a known version.
SELECT i.version AS newest, greatest(statement_timestamp(), i.last_at) AS now, j.version, j.at, j.changes
FROM inventories i
LEFT JOIN LATERAL (
    SELECT version, at, changes
    FROM journal
    WHERE event_number = :event_number AND version > :version
    ORDER BY version
    LIMIT :max_rows
) j ON true
WHERE i.event_number = :event_number
ORDER BY j.version;

-- name: seat_claims_after
-- A page of a seat's claims in the order in which they were made. Among claims of one version, those that
-- ended in it precede the one that did not.
WITH mine AS (
    SELECT hold_id, kind, held_version, booked_version, ended_version
    FROM claims
    WHERE event_number = :event_number AND seat_number = :seat_number AND ended_version IS NULL
    UNION ALL
    SELECT hold_id, kind, held_version, booked_version, ended_version
    FROM claims
    WHERE event_number = :event_number AND seat_number = :seat_number AND ended_version IS NOT NULL
)
SELECT c.hold_id, c.kind, c.held_version, c.booked_version, c.ended_version, h.expires_at
FROM mine c
LEFT JOIN holds h ON h.event_number = :event_number AND h.id = c.hold_id
WHERE :version::bigint IS NULL
   OR (c.held_version, c.ended_version IS DISTINCT FROM c.held_version, c.hold_id)
      >= (:version::bigint, :stayed::boolean, :hold_id::uuid)
ORDER BY c.held_version, c.ended_version IS DISTINCT FROM c.held_version, c.hold_id
LIMIT :max_rows;

-- name: entries_of
-- The journal's entries of some holds and blocks at some versions; `place` is the entry's place in its batch.
SELECT j.version, j.at, e.place, e.entry
FROM journal j
CROSS JOIN LATERAL jsonb_array_elements(j.changes) WITH ORDINALITY AS e (entry, place)
WHERE j.event_number = :event_number
  AND j.version = ANY(:versions)
  AND coalesce(e.entry->>'hold', e.entry->>'block') = ANY(:ids);

-- name: versions_at
-- The version that an event had at each of several times.
SELECT t.at, (
    SELECT j.version
    FROM journal j
    WHERE j.event_number = :event_number AND j.at <= t.at
    ORDER BY j.at DESC, j.version DESC
    LIMIT 1
) AS version
FROM unnest(:times::timestamptz[]) AS t (at);

-- name: cancelled_at
-- When the event was cancelled, if it was.
SELECT j.version, j.at
FROM journal j
WHERE j.event_number = :event_number AND j.structural AND j.changes @> '[{"change": "event_cancelled"}]'
ORDER BY j.version
LIMIT 1;

-- name: ping
-- Finds out whether the node answers queries, and whether it takes writes: a standby and a read-only database do not.
SELECT count(*) AS generations, current_setting('transaction_read_only')::boolean AS is_read_only
FROM schema_generation;
