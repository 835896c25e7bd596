-- The live check's reads. Each statement is one snapshot, and finds the disagreements itself. So the process
-- keeps its time for sales, and rows that agree never leave the database.

-- name: limit_snapshot!
-- A longer snapshot would keep the dead versions of the hot row from being removed.
SET LOCAL statement_timeout = '900ms';

-- name: version_before
SELECT min(version) - 1 AS version
FROM journal
WHERE event_number = :event_number
  AND at > (SELECT last_at - make_interval(secs => :seconds) FROM inventories WHERE event_number = :event_number);

-- name: look
-- The journal after a version, max max_versions versions of it, compared with the rows that it names. A claim
-- keeps the versions in which it was taken, booked and ended. So each step of the journal can be checked,
-- whenever it is read. A hold, its booking and its claims are compared with each other in their present
-- state. Everything is found by the ids that the journal names. OFFSET 0 keeps these look-ups one by one and
-- by key, however large the event is.
WITH moment AS MATERIALIZED (
    SELECT version, :since::bigint AS since, least(version, :since::bigint + :max_versions::bigint) AS until
    FROM inventories
    WHERE event_number = :event_number
),
step AS MATERIALIZED (
    SELECT j.version, j.at, j.changes
    FROM journal j
    WHERE j.event_number = :event_number
      AND j.version > (SELECT since FROM moment)
      AND j.version <= (SELECT until FROM moment)
),
entry AS MATERIALIZED (
    SELECT s.version, s.at, p.change, e.hold IS NULL AS is_block, coalesce(e.hold, e.block) AS id, p.areas, p.seats,
           e.booking, e.instant, e.until
    FROM step s
    CROSS JOIN LATERAL jsonb_to_recordset(s.changes) AS e (
        change text, hold uuid, block uuid, areas jsonb, seats jsonb, booking uuid, instant boolean, until timestamptz,
        new_areas jsonb, new_seats jsonb
    )
    -- an exchange is two parts: what its booking returned, and what was added instead
    CROSS JOIN LATERAL (VALUES (e.change, e.areas, e.seats), ('added', e.new_areas, e.new_seats)) AS p (change, areas, seats)
    WHERE coalesce(e.hold, e.block) IS NOT NULL AND (p.change <> 'added' OR e.new_areas IS NOT NULL)
),
-- what the journal takes, books and returns, by area
part AS MATERIALIZED (
    SELECT e.id, e.version, e.change, e.change IN ('held', 'blocked', 'added') OR e.instant IS TRUE AS takes,
           e.change IN ('booked', 'added') AS books,
           e.change IN ('released', 'expired', 'cancelled', 'lifted', 'reduced', 'exchanged') AS ends,
           a.key::integer AS area, a.value::integer AS quantity
    FROM entry e
    CROSS JOIN LATERAL jsonb_each_text(e.areas) a
    WHERE e.change IN (
        'held', 'booked', 'released', 'expired', 'cancelled', 'blocked', 'lifted', 'reduced', 'exchanged', 'added'
    )
),
recorded AS (
    SELECT id, area,
           sum(quantity) FILTER (WHERE takes) AS taken, min(version) FILTER (WHERE takes) AS first_taken,
           max(version) FILTER (WHERE takes) AS last_taken,
           sum(quantity) FILTER (WHERE books) AS booked, max(version) FILTER (WHERE books) AS booked_at,
           sum(quantity) FILTER (WHERE ends) AS ended, max(version) FILTER (WHERE ends) AS ended_at
    FROM part
    GROUP BY id, area
),
recorded_seat AS MATERIALIZED (
    SELECT e.id, e.version, s.value::integer AS seat
    FROM entry e
    CROSS JOIN LATERAL jsonb_array_elements_text(e.seats) s
    WHERE e.seats IS NOT NULL AND (e.change IN ('held', 'blocked', 'added') OR e.instant)
),
-- what the claims of the same holds and blocks say of the same versions
touched AS MATERIALIZED (
    SELECT id, bool_or(is_block) AS is_block,
           max(booking::text) FILTER (WHERE change = 'booked')::uuid AS booking,
           max(change) FILTER (WHERE change IN ('released', 'expired', 'cancelled')) AS ended_as,
           max(until) FILTER (WHERE change IN ('held', 'extended')) AS recorded_expiry,
           max(at) FILTER (WHERE change = 'booked' AND instant IS NULL) AS confirmed_at,
           max(at) FILTER (WHERE change = 'expired') AS expired_at
    FROM entry
    GROUP BY id
),
claimed AS MATERIALIZED (
    SELECT c.hold_id, c.kind, c.area_number, c.seat_number, c.quantity, c.held_version, c.booked_version,
           c.ended_version, c.returned
    FROM touched t
    CROSS JOIN LATERAL (
        SELECT hold_id, kind, area_number, seat_number, quantity, held_version, booked_version, ended_version, returned
        FROM claims
        WHERE event_number = :event_number AND hold_id = t.id
        OFFSET 0
    ) c
),
written AS MATERIALIZED (
    SELECT c.hold_id AS id, c.area_number AS area, min(c.kind) AS kind, max(c.kind) AS other_kind,
           count(*) AS claims, sum(c.quantity) FILTER (WHERE NOT c.returned) AS quantity,
           count(*) FILTER (WHERE c.returned) AS claims_returned,
           count(*) FILTER (WHERE c.returned AND c.ended_version IS NULL) AS claims_returned_live,
           count(c.booked_version) AS claims_booked,
           count(c.ended_version) FILTER (WHERE NOT c.returned) AS claims_ended,
           max(greatest(c.held_version, c.booked_version, c.ended_version)) AS newest,
           sum(c.quantity) FILTER (WHERE c.held_version > m.since AND c.held_version <= m.until) AS taken,
           min(c.held_version) FILTER (WHERE c.held_version > m.since AND c.held_version <= m.until) AS first_taken,
           max(c.held_version) FILTER (WHERE c.held_version > m.since AND c.held_version <= m.until) AS last_taken,
           sum(c.quantity) FILTER (WHERE c.booked_version > m.since AND c.booked_version <= m.until) AS booked,
           max(c.booked_version) FILTER (WHERE c.booked_version > m.since AND c.booked_version <= m.until) AS booked_at,
           sum(c.quantity) FILTER (WHERE c.ended_version > m.since AND c.ended_version <= m.until) AS ended,
           max(c.ended_version) FILTER (WHERE c.ended_version > m.since AND c.ended_version <= m.until) AS ended_at
    FROM claimed c, moment m
    GROUP BY c.hold_id, c.area_number
),
-- each of them with its claims and its booking, in their present state
taken AS (
    SELECT id, min(kind) AS kind, max(other_kind) AS other_kind, sum(claims)::bigint AS claims,
           sum(quantity)::bigint AS quantity, sum(claims_booked)::bigint AS booked,
           sum(claims_ended)::bigint AS ended, sum(claims_returned)::bigint AS returned,
           sum(claims_returned_live)::bigint AS returned_live, max(newest) AS newest
    FROM written
    GROUP BY id
),
thing AS (
    SELECT t.id, t.is_block, t.booking, t.ended_as, t.recorded_expiry, t.confirmed_at, t.expired_at,
           coalesce(c.claims, 0) AS claims, c.kind, c.other_kind, c.quantity, c.booked, c.ended, c.returned,
           c.returned_live, c.newest,
           coalesce(h.status, b.status) AS status, h.expires_at, h.quantity AS hold_quantity, h.booking_id,
           h.booking_status,
           coalesce(h.status, b.status) IN ('active', 'standing')
               OR (h.status = 'confirmed' AND h.booking_status IS DISTINCT FROM 'cancelled') AS live
    FROM touched t
    LEFT JOIN taken c ON c.id = t.id
    LEFT JOIN LATERAL (
        SELECT h.status, h.expires_at, h.quantity, b.id AS booking_id, b.status AS booking_status
        FROM holds h
        LEFT JOIN bookings b ON b.event_number = :event_number AND b.hold_id = h.id
        WHERE h.event_number = :event_number AND h.id = t.id AND NOT t.is_block
        OFFSET 0
    ) h ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN lifted_at IS NULL THEN 'standing' ELSE 'lifted' END AS status
        FROM blocks
        WHERE event_number = :event_number AND id = t.id AND t.is_block
        OFFSET 0
    ) b ON true
),
wrong AS (
    SELECT 'journal_gap' AS code, 'journal' AS subject,
           format('%%s versions after %%s up to %%s', count(s.version), m.since, m.until) AS detail
    FROM moment m
    LEFT JOIN step s ON true
    GROUP BY m.since, m.until
    HAVING count(s.version) <> greatest(m.until - m.since, 0)
    UNION ALL
    SELECT 'version_differs', 'inventory',
           format('it is at version %%s, the journal ends with %%s', m.version, j.newest)
    FROM moment m
    CROSS JOIN (SELECT max(version) AS newest FROM journal WHERE event_number = :event_number) j
    WHERE j.newest IS DISTINCT FROM m.version
    UNION ALL
    SELECT 'journal_differs', format('claims of %%s', id),
           format(
               'area %%s: taken %%s (%%s), booked %%s (%%s), ended %%s (%%s) by the claims; '
               'taken %%s (%%s), booked %%s (%%s), ended %%s (%%s) by the journal', area,
               coalesce(w.taken, 0), w.last_taken, coalesce(w.booked, 0), w.booked_at, coalesce(w.ended, 0), w.ended_at,
               coalesce(t.taken, 0), t.last_taken, coalesce(t.booked, 0), t.booked_at, coalesce(t.ended, 0), t.ended_at
           )
    FROM recorded t
    FULL JOIN written w USING (id, area)
    WHERE ROW (t.taken, t.first_taken, t.last_taken, t.booked, t.booked_at, t.ended, t.ended_at)
        IS DISTINCT FROM ROW (w.taken, w.first_taken, w.last_taken, w.booked, w.booked_at, w.ended, w.ended_at)
    UNION ALL
    SELECT 'journal_differs', format('claims of %%s', id),
           format('seat %%s, taken at version %%s: it is only %%s', seat, version,
                  CASE WHEN c.hold_id IS NULL THEN 'in the journal' ELSE 'in the claims' END)
    FROM recorded_seat t
    FULL JOIN (
        SELECT hold_id, hold_id AS id, held_version AS version, seat_number AS seat
        FROM claimed, moment m
        WHERE seat_number IS NOT NULL AND held_version > m.since AND held_version <= m.until
    ) c USING (id, version, seat)
    WHERE t.id IS NULL OR c.hold_id IS NULL
    UNION ALL
    SELECT 'seat_claimed_twice', format('seat %%s', seat_number), format('%%s live claims', count(*))
    FROM claims
    WHERE event_number = :event_number
      AND ended_version IS NULL
      AND seat_number IS NOT NULL
      AND seat_number = ANY (ARRAY(SELECT seat FROM recorded_seat))
    GROUP BY seat_number
    HAVING count(*) > 1
    UNION ALL
    SELECT unnest(codes), format('%%s %%s', CASE WHEN is_block THEN 'block' ELSE 'hold' END, id),
           format(
               '%%s, of %%s until %%s; %%s claims of %%s, %%s booked and %%s over; booking %%s %%s; '
               'by the journal %%s until %%s, booking %%s', coalesce(status, 'gone'), coalesce(hold_quantity, quantity),
               expires_at, claims, quantity, booked, ended, coalesce(booking_id::text, 'none'), booking_status,
               coalesce(ended_as, 'live'), recorded_expiry, booking
           )
    FROM thing
    CROSS JOIN moment m
    CROSS JOIN LATERAL (
        SELECT array_remove(ARRAY[
                   CASE WHEN status IS NULL THEN 'row_missing' END,
                   CASE WHEN claims = 0 THEN 'without_claims' END,
                   CASE WHEN kind <> other_kind OR kind <> CASE WHEN is_block THEN 'block' ELSE 'hold' END
                       THEN 'claim_kind' END,
                   CASE WHEN hold_quantity <> quantity THEN 'quantity_differs' END,
                   CASE WHEN ended <> CASE WHEN live THEN 0 ELSE claims - returned END
                          OR returned_live > 0
                          OR booked <> CASE WHEN status = 'confirmed' THEN claims ELSE 0 END
                          OR newest > m.version
                       THEN 'claim_differs' END,
                   CASE WHEN (status = 'confirmed') <> (booking_id IS NOT NULL)
                          OR booking <> booking_id
                          OR (ended_as = 'cancelled' AND booking_status <> 'cancelled')
                       THEN 'booking_differs' END,
                   CASE WHEN (ended_as IN ('released', 'expired') AND status <> ended_as) OR expires_at < recorded_expiry
                       THEN 'journal_differs' END,
                   CASE WHEN confirmed_at >= expires_at THEN 'confirmed_late' END,
                   CASE WHEN expired_at < expires_at THEN 'expired_early' END
               ], NULL) AS codes
    ) judged
    WHERE codes <> '{}'
)
SELECT m.version, m.until,
       ARRAY(
           SELECT ARRAY[area_number, capacity, held, booked, blocked]
           FROM areas
           WHERE event_number = :event_number
       ) AS areas,
       ARRAY(
           SELECT ARRAY[
               area,
               coalesce(sum(quantity) FILTER (WHERE change = 'held'), 0)
                   - coalesce(sum(quantity) FILTER (WHERE change IN ('released', 'expired')), 0)
                   - coalesce(sum(quantity) FILTER (WHERE books AND NOT takes), 0),
               coalesce(sum(quantity) FILTER (WHERE books), 0)
                   - coalesce(sum(quantity) FILTER (WHERE change IN ('cancelled', 'reduced', 'exchanged')), 0),
               coalesce(sum(quantity) FILTER (WHERE change = 'blocked'), 0)
                   - coalesce(sum(quantity) FILTER (WHERE change = 'lifted'), 0)
           ]
           FROM part
           GROUP BY area
       ) AS moved,
       ARRAY(
           SELECT ARRAY[a.key, a.value]::bigint[]
           FROM step s
           CROSS JOIN LATERAL jsonb_to_recordset(s.changes) AS e (change text, areas jsonb)
           CROSS JOIN LATERAL jsonb_each_text(e.areas) a
           WHERE e.change IN ('opened', 'capacity', 'seats_added')
           ORDER BY s.version
       ) AS capacities,
       ARRAY(SELECT ARRAY[code, subject, detail] FROM wrong LIMIT :max_reported) AS wrong
FROM moment m;

-- name: add_up
-- The sums of a small event's live claims, and its seats with two of them; nothing for an event with more
-- claims.
WITH claimed AS MATERIALIZED (
    SELECT hold_id, kind, area_number, seat_number, quantity, booked_version, ended_version
    FROM claims
    WHERE event_number = :event_number
    ORDER BY hold_id
    LIMIT :max_claims::bigint + 1
),
size AS MATERIALIZED (
    SELECT count(*) <= :max_claims::bigint AS is_small FROM claimed
),
live AS MATERIALIZED (
    SELECT kind, area_number, seat_number, quantity, booked_version
    FROM claimed, size
    WHERE ended_version IS NULL AND is_small
),
sums AS (
    SELECT area_number,
           sum(quantity) FILTER (WHERE kind = 'hold' AND booked_version IS NULL) AS held,
           sum(quantity) FILTER (WHERE kind = 'hold' AND booked_version IS NOT NULL) AS booked,
           sum(quantity) FILTER (WHERE kind = 'block') AS blocked
    FROM live
    GROUP BY area_number
)
SELECT is_small,
       ARRAY(
           SELECT ARRAY[area_number::text, c.what, c.counter::text, coalesce(c.claimed, 0)::text]
           FROM areas a
           LEFT JOIN sums s USING (area_number)
           CROSS JOIN LATERAL (
               VALUES ('held', a.held, s.held), ('booked', a.booked, s.booked), ('blocked', a.blocked, s.blocked)
           ) AS c (what, counter, claimed)
           WHERE a.event_number = :event_number AND is_small AND c.counter <> coalesce(c.claimed, 0)
           LIMIT :max_reported
       ) AS counters,
       ARRAY(
           SELECT seat_number
           FROM live
           WHERE seat_number IS NOT NULL
           GROUP BY seat_number
           HAVING count(*) > 1
           LIMIT :max_reported
       ) AS seats
FROM size;
