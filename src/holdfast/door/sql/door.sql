-- The doors of an event, and the log of their scans.

-- name: get_door
SELECT last_number, rules::text AS rules, changed_at FROM doors WHERE event_number = :event_number;

-- name: add_door!
INSERT INTO doors (event_number, rules)
VALUES (:event_number, :rules::jsonb)
ON CONFLICT (event_number) DO NOTHING;

-- name: lock_door
-- One scan at a time: each is decided by those before it.
SELECT last_number, rules::text AS rules, changed_at, clock_timestamp() AS now
FROM doors
WHERE event_number = :event_number
FOR UPDATE;

-- name: change_door!
UPDATE doors SET rules = :rules::jsonb, changed_at = :now WHERE event_number = :event_number;

-- name: count_scans!
UPDATE doors SET last_number = :last_number WHERE event_number = :event_number;

-- name: find_scans
SELECT number, device, seq, device_at, at, recorded_at, code_hash, direction, gate, list, shown, verdict, why,
       earlier::text AS earlier, booking_id, ticket_number, admission, recorded_by
FROM check_ins
WHERE event_number = :event_number AND device = :device AND seq = ANY(:seqs::bigint[]);

-- name: list_scans
SELECT number, device, seq, device_at, at, recorded_at, code_hash, direction, gate, list, shown, verdict, why,
       earlier::text AS earlier, booking_id, ticket_number, admission, recorded_by
FROM check_ins
WHERE event_number = :event_number AND (:before::bigint IS NULL OR number < :before)
ORDER BY number DESC
LIMIT :max_rows;

-- name: last_movements
-- The newest movement of each ticket on each list.
SELECT DISTINCT ON (booking_id, ticket_number, coalesce(list, ''))
       booking_id, ticket_number, list, direction, at, gate
FROM check_ins
WHERE event_number = :event_number
  AND booking_id = ANY(:bookings::uuid[])
  AND verdict IN ('admitted', 'left')
ORDER BY booking_id, ticket_number, coalesce(list, ''), number DESC;

-- name: count_by_gate
SELECT gate, list,
       count(*) FILTER (WHERE verdict = 'admitted') AS admitted,
       count(*) FILTER (WHERE verdict = 'left') AS out,
       count(*) FILTER (WHERE verdict NOT IN ('admitted', 'left')) AS refused,
       count(*) FILTER (WHERE verdict = 'duplicate') AS duplicates
FROM check_ins
WHERE event_number = :event_number
GROUP BY gate, list
ORDER BY gate NULLS FIRST, list NULLS FIRST;

-- name: add_scan!
INSERT INTO check_ins (
    event_number, number, device, seq, device_at, at, recorded_at, code_hash, direction, gate, list, shown, verdict,
    why, earlier, booking_id, ticket_number, admission, recorded_by
)
VALUES (
    :event_number, :number, :device, :seq, :device_at, :at, :recorded_at, :code_hash, :direction, :gate, :list,
    :shown, :verdict, :why, :earlier::jsonb, :booking_id, :ticket_number, :admission, :recorded_by
);

-- name: revisions_of_bookings
SELECT booking_id, ticket_number, revision
FROM ticket_revisions
WHERE event_number = :event_number AND booking_id = ANY(:bookings::uuid[]);
