-- Workers: find the rows that must be rewritten or deleted, over all nodes, and do it event by event. No
-- answer changes.

-- name: find_unswept
-- A fan-out: events that have a lapsed hold, or are cancelled and have a live one. Each event costs one index
-- probe from its lower bound on, so that dead index entries are skipped.
SELECT i.event_number
FROM inventories i
JOIN events e ON e.event_number = i.event_number
WHERE EXISTS (
    SELECT 1 FROM holds h
    WHERE h.event_number = i.event_number
      AND h.status = 'active'
      AND h.expires_at >= i.reclaimed_until
      AND h.expires_at <= CASE
          WHEN e.status = 'cancelled' THEN 'infinity'
          ELSE greatest(statement_timestamp(), i.last_at)
      END
)
LIMIT :max_rows;

-- name: take_lease
-- A free or expired lease, or one's own. It is a hint: two processes that do the same job do no harm.
INSERT INTO leases (name, owner, until)
VALUES (:job, :owner, statement_timestamp() + make_interval(secs => :seconds))
ON CONFLICT (name) DO UPDATE
SET owner = excluded.owner, until = excluded.until
WHERE leases.owner = excluded.owner OR leases.until <= statement_timestamp()
RETURNING owner;

-- name: find_moved
-- A fan-out: versions of the events that have sold recently, with the sums of all their counters. An event's
-- own time never runs backwards, so every selling event is included, unless the clock was set forward by that
-- much.
SELECT i.event_number, i.version, a.capacity, a.held, a.booked, a.blocked
FROM inventories i
CROSS JOIN LATERAL (
    SELECT coalesce(sum(capacity), 0)::bigint AS capacity, coalesce(sum(held), 0)::bigint AS held,
           coalesce(sum(booked), 0)::bigint AS booked, coalesce(sum(blocked), 0)::bigint AS blocked
    FROM areas
    WHERE event_number = i.event_number
) a
WHERE i.event_number > :after AND i.last_at > statement_timestamp() - make_interval(secs => :seconds)
ORDER BY i.event_number
LIMIT :max_rows;

-- name: find_old_answers
-- A fan-out: idempotency rows that were kept long enough. Brief ones are refusals of guests and buyers. Each
-- condition has an index of its own.
SELECT event_number, scope
FROM idempotency
WHERE created_at < statement_timestamp() - make_interval(hours => :hours)
   OR (brief AND created_at < statement_timestamp() - make_interval(mins => :minutes))
LIMIT :max_rows;

-- name: delete_answers!
DELETE FROM idempotency
WHERE event_number = :event_number AND scope = ANY(:scopes);

-- name: find_old_attempts
-- A fan-out: FAILED instant bookings that were kept long enough; CONFIRMED ones are sales.
SELECT event_number, number
FROM attempts
WHERE created_at < statement_timestamp() - make_interval(days => :days) AND status = 'FAILED'
LIMIT :max_rows;

-- name: delete_attempts!
DELETE FROM attempts
WHERE event_number = :event_number AND number = ANY(:numbers);

-- name: find_old_creations
SELECT scope
FROM event_creations
WHERE created_at < statement_timestamp() - make_interval(hours => :hours)
LIMIT :max_rows;

-- name: delete_creations!
DELETE FROM event_creations
WHERE scope = ANY(:scopes);
