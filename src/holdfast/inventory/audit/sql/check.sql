-- The check's reads. Each transaction is short: large tables are read in pages. Each page is compared with
-- the journal up to its own snapshot, so that a busy event is checked while it sells.

-- name: begin_snapshot!
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: list_numbers
SELECT event_number FROM events WHERE event_number > :after ORDER BY event_number LIMIT :max_rows;

-- name: read_event
SELECT
       -- include: event_columns,
       i.version, i.last_at, i.reclaimed_until
FROM events e
LEFT JOIN inventories i ON i.event_number = :event_number
WHERE e.event_number = :event_number;

-- name: newest_version
SELECT max(version) AS version FROM journal WHERE event_number = :event_number;

-- name: read_areas
SELECT
       -- include: area_columns
FROM areas a
WHERE a.event_number = :event_number
ORDER BY a.area_number;

-- name: read_seats
SELECT area_number, array_agg(seat_number) AS seats
FROM seats
WHERE event_number = :event_number
GROUP BY area_number;

-- name: read_journal
-- As text, which is parsed after the snapshot has ended.
SELECT version, at, structural, changes::text AS changes
FROM journal
WHERE event_number = :event_number AND version > :after
ORDER BY version
LIMIT :max_rows;

-- name: end_of_page
-- The hold or block at which a page of max_rows claims ends; no row if fewer claims remain.
SELECT hold_id
FROM claims
WHERE event_number = :event_number AND hold_id > :after
ORDER BY hold_id, claim_number
OFFSET :max_rows
LIMIT 1;

-- name: read_holds
SELECT h.id, h.status, h.expires_at, h.quantity, h.buyer, b.id AS booking_id, b.status AS booking_status
FROM holds h
LEFT JOIN bookings b ON b.event_number = :event_number AND b.hold_id = h.id
WHERE h.event_number = :event_number AND h.id > :after AND h.id <= :until;

-- name: read_stray_bookings
SELECT b.id, b.hold_id
FROM bookings b
WHERE b.event_number = :event_number
  AND b.hold_id > :after
  AND b.hold_id <= :until
  AND NOT EXISTS (SELECT FROM holds h WHERE h.event_number = :event_number AND h.id = b.hold_id);

-- name: read_blocks
SELECT id, lifted_at IS NULL AS stands
FROM blocks
WHERE event_number = :event_number AND id > :after AND id <= :until;

-- name: read_claims
SELECT hold_id, kind, held_version, booked_version, ended_version, returned,
       array_agg(area_number) AS areas, array_agg(seat_number) AS seats, array_agg(quantity) AS quantities
FROM claims
WHERE event_number = :event_number AND hold_id > :after AND hold_id <= :until
GROUP BY hold_id, kind, held_version, booked_version, ended_version, returned;

-- name: read_attempts
-- What a booking returned since, and took instead, is of later versions than what it was made of.
SELECT a.number, a.status, a.quantity, a.booking_id, (
           SELECT sum(c.quantity)
           FROM claims c
           WHERE c.event_number = :event_number AND c.hold_id = h.id
             AND c.held_version = (
                 SELECT min(held_version) FROM claims WHERE event_number = :event_number AND hold_id = h.id
             )
       )::bigint AS held
FROM attempts a
LEFT JOIN bookings b ON b.event_number = :event_number AND b.id = a.booking_id
LEFT JOIN holds h ON h.event_number = :event_number AND h.id = b.hold_id
WHERE a.event_number = :event_number AND a.number > :after
ORDER BY a.number
LIMIT :max_rows;

-- name: read_answers
SELECT i.scope, i.token_for, h.id IS NOT NULL AS has_hold
FROM idempotency i
LEFT JOIN holds h ON h.event_number = :event_number AND h.id = i.token_for
WHERE i.event_number = :event_number AND i.scope > :after
ORDER BY i.scope
LIMIT :max_rows;

-- name: find_strays
-- A fan-out: the first row of each event table between two neighbouring events, or null. One range and no join, since
-- a Citus coordinator plans a minimum for each of its nodes and refuses a join with a list of ranges.
SELECT
    (SELECT min(event_number) FROM map_details WHERE event_number > :after AND event_number < :before) AS map_details,
    (SELECT min(event_number) FROM seats WHERE event_number > :after AND event_number < :before) AS seats,
    (SELECT min(event_number) FROM holds WHERE event_number > :after AND event_number < :before) AS holds,
    (SELECT min(event_number) FROM bookings WHERE event_number > :after AND event_number < :before) AS bookings,
    (SELECT min(event_number) FROM blocks WHERE event_number > :after AND event_number < :before) AS blocks,
    (SELECT min(event_number) FROM claims WHERE event_number > :after AND event_number < :before) AS claims,
    (SELECT min(event_number) FROM journal WHERE event_number > :after AND event_number < :before) AS journal,
    (SELECT min(event_number) FROM attempts WHERE event_number > :after AND event_number < :before) AS attempts,
    (SELECT min(event_number) FROM idempotency WHERE event_number > :after AND event_number < :before) AS idempotency,
    (SELECT min(event_number) FROM jobs WHERE event_number > :after AND event_number < :before) AS jobs,
    (SELECT min(event_number) FROM job_attempts WHERE event_number > :after AND event_number < :before) AS job_attempts,
    (SELECT min(event_number) FROM feeds WHERE event_number > :after AND event_number < :before) AS feeds,
    (
        SELECT min(event_number) FROM ticket_revisions WHERE event_number > :after AND event_number < :before
    ) AS ticket_revisions,
    (SELECT min(event_number) FROM doors WHERE event_number > :after AND event_number < :before) AS doors,
    (SELECT min(event_number) FROM check_ins WHERE event_number > :after AND event_number < :before) AS check_ins,
    (SELECT min(event_number) FROM presentations WHERE event_number > :after AND event_number < :before) AS
        presentations,
    (SELECT min(event_number) FROM sale_minutes WHERE event_number > :after AND event_number < :before) AS
        sale_minutes;

-- name: list_creations
-- Finished creations of events, each of which made the event that it names.
SELECT scope, number, id
FROM event_creations
WHERE status IS NOT NULL AND status < 300 AND scope > :after
ORDER BY scope
LIMIT :max_rows;
