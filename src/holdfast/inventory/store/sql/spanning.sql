-- A batch of several events on one PostgreSQL or one shard: the statements of batch.sql over arrays. Each row names
-- its event. No statement waits for a lock: an event that another process is deciding for is left to its own lane.
-- LATERAL as in batch.sql. Each table names its event with `event_number = n.event_number` or by an array of all
-- events, so that a condition for shards can be added (steps.py).

-- name: lock_inventory
SELECT event_number, version, last_at
FROM inventories
WHERE event_number = ANY(:event_numbers::bigint[])
ORDER BY event_number
FOR NO KEY UPDATE SKIP LOCKED;

-- name: load_event
-- The clock is read after the locks.
SELECT clock_timestamp() AS clock,
       -- include: event_columns
FROM events e
WHERE e.event_number = ANY(:event_numbers::bigint[]);

-- name: load_areas
SELECT a.event_number,
       -- include: area_columns
FROM areas a
WHERE a.event_number = ANY(:event_numbers::bigint[])
ORDER BY a.event_number, a.area_number;

-- name: load_holds
SELECT n.event_number,
       -- include: hold_columns,
       -- include: booking_columns
FROM unnest(:event_numbers::bigint[], :hold_ids::uuid[]) AS n (event_number, hold_id)
CROSS JOIN LATERAL (SELECT * FROM holds WHERE event_number = n.event_number AND id = n.hold_id OFFSET 0) h
LEFT JOIN LATERAL (
    SELECT * FROM bookings WHERE event_number = n.event_number AND hold_id = n.hold_id OFFSET 0
) b ON true;

-- name: load_holds_of_bookings
SELECT n.event_number,
       -- include: hold_columns,
       -- include: booking_columns
FROM unnest(:event_numbers::bigint[], :booking_ids::uuid[]) AS n (event_number, booking_id)
CROSS JOIN LATERAL (SELECT * FROM bookings WHERE event_number = n.event_number AND id = n.booking_id OFFSET 0) b
CROSS JOIN LATERAL (SELECT * FROM holds WHERE event_number = n.event_number AND id = b.hold_id OFFSET 0) h;

-- name: load_claims
SELECT n.event_number, c.hold_id, c.line, c.area_number, c.seat_number, c.quantity
FROM unnest(:event_numbers::bigint[], :hold_ids::uuid[]) AS n (event_number, hold_id)
CROSS JOIN LATERAL (SELECT * FROM claims WHERE event_number = n.event_number AND hold_id = n.hold_id OFFSET 0) c
WHERE NOT c.returned
ORDER BY c.hold_id, c.claim_number;

-- name: load_claims_of_bookings
SELECT n.event_number, c.hold_id, c.line, c.area_number, c.seat_number, c.quantity, c.claim_number, c.ticket, c.returned
FROM unnest(:event_numbers::bigint[], :booking_ids::uuid[]) AS n (event_number, booking_id)
CROSS JOIN LATERAL (SELECT * FROM bookings WHERE event_number = n.event_number AND id = n.booking_id OFFSET 0) b
CROSS JOIN LATERAL (SELECT * FROM claims WHERE event_number = n.event_number AND hold_id = b.hold_id OFFSET 0) c
ORDER BY c.hold_id, c.claim_number;

-- name: load_buyers
SELECT n.event_number, h.buyer, h.id, h.quantity, CASE WHEN h.status = 'active' THEN h.expires_at END AS expires_at
FROM unnest(:event_numbers::bigint[], :buyers::text[]) AS n (event_number, buyer)
CROSS JOIN LATERAL (
    SELECT *
    FROM holds
    WHERE event_number = n.event_number
      AND (buyer = n.buyer OR buyer_identity = n.buyer)
      AND status IN ('active', 'confirmed')
    OFFSET 0
) h
WHERE NOT EXISTS (
    SELECT FROM bookings b
    WHERE b.event_number = n.event_number AND b.hold_id = h.id AND b.status = 'cancelled'
    OFFSET 0
);

-- name: load_journal
SELECT n.event_number, j.version, j.at, j.changes
FROM unnest(:event_numbers::bigint[], :version::bigint[]) AS n (event_number, version)
CROSS JOIN LATERAL (
    SELECT version, at, changes
    FROM journal
    WHERE event_number = n.event_number AND version > n.version
    ORDER BY version
    LIMIT :max_rows
) j;

-- name: load_answers
SELECT n.event_number, i.scope, i.body, i.status, i.answer, i.token_for
FROM unnest(:event_numbers::bigint[], :scopes::bytea[]) AS n (event_number, scope)
CROSS JOIN LATERAL (SELECT * FROM idempotency WHERE event_number = n.event_number AND scope = n.scope OFFSET 0) i;

-- name: book_claims!
UPDATE claims c
SET booked_version = n.version
FROM unnest(:event_numbers::bigint[], :versions::bigint[], :hold_ids::uuid[]) AS n (event_number, version, hold_id)
WHERE c.event_number = n.event_number AND c.hold_id = n.hold_id AND c.ended_version IS NULL;

-- name: end_claims!
UPDATE claims c
SET ended_version = n.version
FROM unnest(:event_numbers::bigint[], :versions::bigint[], :hold_ids::uuid[]) AS n (event_number, version, hold_id)
WHERE c.event_number = n.event_number AND c.hold_id = n.hold_id AND c.ended_version IS NULL;

-- name: move_holds!
UPDATE holds h
SET status = n.status
FROM unnest(:event_numbers::bigint[], :ids::uuid[], :statuses::text[]) AS n (event_number, id, status)
WHERE h.event_number = n.event_number AND h.id = n.id;

-- name: extend_holds!
UPDATE holds h
SET expires_at = n.expires_at
FROM unnest(:event_numbers::bigint[], :ids::uuid[], :expiries::timestamptz[]) AS n (event_number, id, expires_at)
WHERE h.event_number = n.event_number AND h.id = n.id;

-- name: insert_holds!
INSERT INTO holds (
    event_number, id, status, placed_at, expires_at, quantity, requested, buyer, buyer_identity, buyer_name,
    buyer_email, token_hash, placed_by, metadata
)
SELECT e.event_number, n.id, n.status, n.placed_at, n.expires_at, n.quantity, n.requested, n.buyer, n.buyer_identity,
       n.buyer_name, n.buyer_email, n.token_hash, n.placed_by, n.metadata
FROM unnest(
         :event_numbers::bigint[], :nows::timestamptz[], :ids::uuid[], :statuses::text[], :expiries::timestamptz[],
         :quantities::integer[], :requests::integer[], :buyers::text[], :identities::text[], :names::text[],
         :emails::text[], :token_hashes::bytea[], :actors::text[], :metadatas::jsonb[]
     ) AS n (
         event_number, placed_at, id, status, expires_at, quantity, requested, buyer, buyer_identity, buyer_name,
         buyer_email, token_hash, placed_by, metadata
     )
JOIN events e ON e.event_number = n.event_number;

-- name: insert_claims!
INSERT INTO claims (
    event_number, hold_id, claim_number, line, kind, area_number, seat_number, quantity,
    held_version, booked_version, ended_version
)
SELECT e.event_number, n.hold_id, n.claim_number, n.line, n.kind, n.area_number, n.seat_number, n.quantity,
       n.version, CASE WHEN n.is_booked THEN n.version END, CASE WHEN n.has_ended THEN n.version END
FROM unnest(
         :event_numbers::bigint[], :versions::bigint[], :hold_ids::uuid[], :numbers::integer[], :lines::smallint[],
         :kinds::text[], :areas::integer[], :seats::integer[], :quantities::integer[],
         :are_booked::boolean[], :have_ended::boolean[]
     ) AS n (
         event_number, version, hold_id, claim_number, line, kind, area_number, seat_number, quantity, is_booked,
         has_ended
     )
JOIN events e ON e.event_number = n.event_number;

-- name: insert_bookings!
INSERT INTO bookings (
    event_number, hold_id, id, status, confirmed_at, buyer_name, buyer_email, confirmed_by, metadata
)
SELECT e.event_number, n.hold_id, n.id, 'confirmed', n.confirmed_at, n.buyer_name, n.buyer_email, n.confirmed_by,
       n.metadata
FROM unnest(
         :event_numbers::bigint[], :nows::timestamptz[], :hold_ids::uuid[], :ids::uuid[], :names::text[],
         :emails::text[], :confirmed_by::text[], :metadatas::jsonb[]
     ) AS n (event_number, confirmed_at, hold_id, id, buyer_name, buyer_email, confirmed_by, metadata)
JOIN events e ON e.event_number = n.event_number;

-- name: cancel_booking!
UPDATE bookings b
SET status = 'cancelled', cancelled_at = n.cancelled_at
FROM unnest(:event_numbers::bigint[], :nows::timestamptz[], :hold_id::uuid[])
    AS n (event_number, cancelled_at, hold_id)
WHERE b.event_number = n.event_number AND b.hold_id = n.hold_id;

-- name: insert_attempts!
INSERT INTO attempts (event_number, number, quantity, status, created_at, booking_id)
SELECT e.event_number, n.number, n.quantity, n.status, n.created_at, n.booking_id
FROM unnest(
         :event_numbers::bigint[], :nows::timestamptz[], :numbers::bigint[], :quantities::bigint[], :statuses::text[],
         :booking_ids::uuid[]
     ) AS n (event_number, created_at, number, quantity, status, booking_id)
JOIN events e ON e.event_number = n.event_number;

-- name: insert_jobs!
INSERT INTO jobs (event_number, id, kind, subject, key, request, status, due_at, attempts, created_at)
SELECT e.event_number, n.id, n.kind, n.subject, n.key, n.request, 'due', n.due_at, 0, n.due_at
FROM unnest(
         :event_numbers::bigint[], :nows::timestamptz[], :ids::uuid[], :kinds::text[], :subjects::text[], :keys::text[],
         :requests::jsonb[]
     ) AS n (event_number, due_at, id, kind, subject, key, request)
JOIN events e ON e.event_number = n.event_number
ON CONFLICT (event_number, key) DO NOTHING;

-- name: update_areas!
UPDATE areas a
SET category = n.category, capacity = n.capacity, held = n.held, booked = n.booked, blocked = n.blocked
FROM unnest(
         :event_numbers::bigint[], :numbers::integer[], :categories::text[], :capacities::bigint[],
         :held_counts::bigint[], :booked_counts::bigint[], :blocked_counts::bigint[]
     ) AS n (event_number, area_number, category, capacity, held, booked, blocked)
WHERE a.event_number = n.event_number AND a.area_number = n.area_number;

-- name: insert_answers!
INSERT INTO idempotency (event_number, scope, body, status, answer, token_for, created_at, brief)
SELECT e.event_number, n.scope, n.body, n.status, n.answer, n.token_for, n.created_at, n.is_brief
FROM unnest(
         :event_numbers::bigint[], :nows::timestamptz[], :scopes::bytea[], :bodies::bytea[], :statuses::smallint[],
         :answers::bytea[], :tokens_for::uuid[], :are_brief::boolean[]
     ) AS n (event_number, created_at, scope, body, status, answer, token_for, is_brief)
JOIN events e ON e.event_number = n.event_number;

-- name: count_replays!
UPDATE idempotency i
SET replays = replays + 1
FROM unnest(:event_numbers::bigint[], :scopes::bytea[]) AS n (event_number, scope)
WHERE i.event_number = n.event_number AND i.scope = n.scope;

-- name: insert_journal!
INSERT INTO journal (event_number, version, at, structural, changes)
SELECT e.event_number, n.version, n.at, false, n.changes
FROM unnest(:event_numbers::bigint[], :versions::bigint[], :nows::timestamptz[], :changes::jsonb[])
    AS n (event_number, version, at, changes)
JOIN events e ON e.event_number = n.event_number;

-- name: update_inventory!
UPDATE inventories i
SET version = n.version, last_at = n.now, reclaimed_until = greatest(i.reclaimed_until, n.reclaimed_until)
FROM unnest(:event_numbers::bigint[], :versions::bigint[], :nows::timestamptz[], :reclaimed_until::timestamptz[])
    AS n (event_number, version, now, reclaimed_until)
WHERE i.event_number = n.event_number;
