-- The live check's reads. Each statement is a snapshot of its own and says itself what disagrees: sales have the process's
-- time, and what agrees never leaves the database.

-- name: limit_snapshot!
-- A longer one would keep the dead versions of the hot row from being tidied.
SET LOCAL statement_timeout = '900ms';

-- name: version_before
SELECT min(version) - 1
FROM journal
WHERE event_number = :event_number
  AND at > (SELECT last_at - make_interval(secs => :seconds) FROM inventories WHERE event_number = :event_number);

-- name: look
-- The journal after a version, at most so many versions of it, against the rows that it tells of. A claim keeps the
-- versions in which it was taken, booked and ended, so that each step of the journal can be judged whenever it is read;
-- a hold, its booking and its claims are compared with each other as they are now. Everything is found by the ids that
-- the journal names; OFFSET 0 keeps these look-ups what they are, one by one and by key, however large the event is.
WITH moment AS MATERIALIZED (
    SELECT version, :since::bigint AS since, least(version, :since::bigint + :most::bigint) AS until
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
    SELECT s.version, s.at, e.change, e.hold IS NULL AS is_block, coalesce(e.hold, e.block) AS id, e.areas, e.seats,
           e.booking, e.instant, e.until
    FROM step s
    CROSS JOIN LATERAL jsonb_to_recordset(s.changes) AS e (
        change text, hold uuid, block uuid, areas jsonb, seats jsonb, booking uuid, instant boolean, until timestamptz
    )
    WHERE coalesce(e.hold, e.block) IS NOT NULL
),
-- what the journal says that each id took, booked or gave back: (id, act, version, area, quantity)
part AS MATERIALIZED (
    SELECT e.id, e.version, e.change, coalesce(e.instant, false) AS instant, a.key::integer AS area,
           a.value::bigint AS quantity
    FROM entry e
    CROSS JOIN LATERAL jsonb_each_text(e.areas) a
    WHERE e.change IN ('held', 'booked', 'released', 'expired', 'cancelled', 'blocked', 'lifted')
),
told AS (
    SELECT p.id, act.act, p.version, p.area, sum(p.quantity) AS quantity
    FROM part p
    CROSS JOIN LATERAL (
        SELECT 'taken' AS act WHERE p.change IN ('held', 'blocked') OR p.instant
        UNION ALL
        SELECT 'booked' WHERE p.change = 'booked'
        UNION ALL
        SELECT 'ended' WHERE p.change IN ('released', 'expired', 'cancelled', 'lifted')
    ) act
    GROUP BY 1, 2, 3, 4
),
-- and what the claims say
touched AS MATERIALIZED (
    SELECT id, bool_or(is_block) AS is_block,
           max(booking::text) FILTER (WHERE change = 'booked')::uuid AS booking,
           max(change) FILTER (WHERE change IN ('released', 'expired', 'cancelled')) AS ended_as,
           max(until) FILTER (WHERE change IN ('held', 'extended')) AS told_expiry,
           max(at) FILTER (WHERE change = 'booked' AND instant IS NULL) AS booked_at,
           max(at) FILTER (WHERE change = 'expired') AS expired_at
    FROM entry
    GROUP BY id
),
claimed AS MATERIALIZED (
    SELECT c.hold_id, c.kind, c.area_number, c.seat_number, c.quantity, c.held_version, c.booked_version, c.ended_version
    FROM touched t
    CROSS JOIN LATERAL (
        SELECT hold_id, kind, area_number, seat_number, quantity, held_version, booked_version, ended_version
        FROM claims
        WHERE event_number = :event_number AND hold_id = t.id
        OFFSET 0
    ) c
),
written AS (
    SELECT c.hold_id AS id, act.act, act.version, c.area_number AS area, sum(c.quantity) AS quantity
    FROM claimed c
    CROSS JOIN LATERAL (
        VALUES ('taken', c.held_version), ('booked', c.booked_version), ('ended', c.ended_version)
    ) AS act (act, version)
    JOIN moment m ON act.version > m.since AND act.version <= m.until
    GROUP BY 1, 2, 3, 4
),
told_seat AS MATERIALIZED (
    SELECT e.id, e.version, s.value::integer AS seat
    FROM entry e
    CROSS JOIN LATERAL jsonb_array_elements_text(e.seats) s
    WHERE e.seats IS NOT NULL AND (e.change IN ('held', 'blocked') OR e.instant)
),
-- each touched hold and block beside its claims and its booking, all as they are now
taken AS MATERIALIZED (
    SELECT hold_id AS id, count(*) AS claims, sum(quantity) AS quantity, count(booked_version) AS booked,
           count(ended_version) AS ended, bool_or(kind = 'block') AS any_block, bool_or(kind = 'hold') AS any_hold,
           max(greatest(held_version, booked_version, ended_version)) AS newest
    FROM claimed
    GROUP BY hold_id
),
thing AS MATERIALIZED (
    SELECT t.id, t.is_block, t.booking, t.ended_as, t.told_expiry, t.booked_at, t.expired_at,
           coalesce(c.claims, 0) AS claims, c.quantity, c.booked, c.ended, c.any_block, c.any_hold, c.newest,
           h.status, h.expires_at, h.quantity AS hold_quantity, h.booking_id, h.booking_status, b.stands,
           h.status = 'active' OR (h.status = 'confirmed' AND h.booking_status IS DISTINCT FROM 'cancelled') AS live
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
        SELECT lifted_at IS NULL AS stands
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
               'area %%s, %%s at version %%s: %%s by the claims, %%s by the journal', area, act, version,
               coalesce(w.quantity, 0), coalesce(t.quantity, 0)
           )
    FROM told t
    FULL JOIN written w USING (id, act, version, area)
    WHERE t.quantity IS DISTINCT FROM w.quantity
    UNION ALL
    SELECT 'journal_differs', format('claims of %%s', id),
           format('seat %%s, taken at version %%s: it is only %%s', seat, version,
                  CASE WHEN c.hold_id IS NULL THEN 'in the journal' ELSE 'in the claims' END)
    FROM told_seat t
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
      AND seat_number = ANY (ARRAY(SELECT seat FROM told_seat))
    GROUP BY seat_number
    HAVING count(*) > 1
    UNION ALL
    SELECT w.code, format('%%s %%s', CASE WHEN is_block THEN 'block' ELSE 'hold' END, id), w.detail
    FROM thing, moment m
    CROSS JOIN LATERAL (
        SELECT 'row_missing' AS code, 'the journal tells of it, and it has no row' AS detail
        WHERE coalesce(status, stands::text) IS NULL
        UNION ALL
        SELECT 'without_claims', 'it has no claims at all' WHERE claims = 0
        UNION ALL
        SELECT 'claim_kind', 'it has claims of another kind' WHERE CASE WHEN is_block THEN any_hold ELSE any_block END
        UNION ALL
        SELECT 'quantity_differs', format('it is of %%s, its claims add up to %%s', hold_quantity, quantity)
        WHERE hold_quantity <> quantity
        UNION ALL
        SELECT 'claim_differs',
               format('it is %%s, and %%s of its %%s claims are booked, %%s over',
                      coalesce(status, CASE WHEN stands THEN 'standing' ELSE 'lifted' END), booked, claims, ended)
        WHERE ended <> CASE WHEN coalesce(live, stands) THEN 0 ELSE claims END
           OR booked <> CASE WHEN status = 'confirmed' THEN claims ELSE 0 END
           OR newest > m.version
        UNION ALL
        SELECT 'booking_differs',
               format('it is %%s, its booking is %%s %%s, by the journal %%s', status, coalesce(booking_id::text, 'none'),
                      booking_status, coalesce(booking::text, 'not told'))
        WHERE (status = 'confirmed') <> (booking_id IS NOT NULL)
           OR booking <> booking_id
           OR (ended_as = 'cancelled' AND booking_status <> 'cancelled')
        UNION ALL
        SELECT 'journal_differs', format('it is %%s, by the journal %%s', status, ended_as)
        WHERE ended_as IN ('released', 'expired') AND status <> ended_as
        UNION ALL
        SELECT 'journal_differs', format('it expires at %%s, by the journal at %%s', expires_at, told_expiry)
        WHERE expires_at < told_expiry
        UNION ALL
        SELECT 'confirmed_late', format('at %%s, its expiry was %%s', booked_at, expires_at)
        WHERE booked_at >= expires_at
        UNION ALL
        SELECT 'expired_early', format('at %%s, its expiry is %%s', expired_at, expires_at)
        WHERE expired_at < expires_at
    ) w
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
               sum(quantity * CASE
                   WHEN change = 'held' THEN 1
                   WHEN change IN ('released', 'expired') OR (change = 'booked' AND NOT instant) THEN -1
                   ELSE 0
               END),
               sum(quantity * CASE change WHEN 'booked' THEN 1 WHEN 'cancelled' THEN -1 ELSE 0 END),
               sum(quantity * CASE change WHEN 'blocked' THEN 1 WHEN 'lifted' THEN -1 ELSE 0 END)
           ]::bigint[]
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
       ARRAY(SELECT ARRAY[code, subject, detail] FROM wrong LIMIT :most_told) AS wrong
FROM moment m;

-- name: add_up
-- What the live claims of a small event add up to, and its seats that have two; of one with more claims nothing.
WITH claimed AS MATERIALIZED (
    SELECT hold_id, kind, area_number, seat_number, quantity, booked_version, ended_version
    FROM claims
    WHERE event_number = :event_number
    ORDER BY hold_id
    LIMIT :most::bigint + 1
),
size AS MATERIALIZED (
    SELECT count(*) <= :most::bigint AS is_small FROM claimed
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
           LIMIT :most_told
       ) AS counters,
       ARRAY(
           SELECT seat_number
           FROM live
           WHERE seat_number IS NOT NULL
           GROUP BY seat_number
           HAVING count(*) > 1
           LIMIT :most_told
       ) AS seats
FROM size;
