-- A batch, step by step. The loads go out together with the lock, in one pipelined BEGIN. The writes go in a
-- second round trip, with the COMMIT. Every statement after the lock sees the state after it (READ
-- COMMITTED).
--
-- LATERAL (... OFFSET 0) is a join that looks its rows up one by one, whatever the planner estimates. The
-- plan is made once for all events, and assumes an event of average size. To read a small event in full and
-- hash it is cheaper than ten look-ups. For a hot event the same plan would read every existing booking, in
-- every batch.
--
-- In an insert of many rows, coalesce(:x, n.x) is a column of which most batches need one value. If all rows have the
-- same, it is sent once as :x, and its array is empty. Otherwise :x is null.

-- name: lock_inventory
-- The events' turns: processes and machines decide for an event one batch after the other.
SELECT version, last_at
FROM inventories
WHERE event_number = :event_number
FOR NO KEY UPDATE;

-- name: load_event
-- The clock is read after the lock, on the event's own node: a confirm that waited past the expiry must be refused.
SELECT clock_timestamp() AS clock,
       -- include: event_columns
FROM events e
WHERE e.event_number = :event_number;

-- name: load_areas
SELECT
       -- include: area_columns
FROM areas a
WHERE a.event_number = :event_number
ORDER BY a.area_number;

-- name: load_holds
SELECT
       -- include: hold_columns,
       -- include: booking_columns
FROM holds h
LEFT JOIN LATERAL (
    SELECT * FROM bookings WHERE event_number = :event_number AND hold_id = h.id OFFSET 0
) b ON true
WHERE h.event_number = :event_number AND h.id = ANY(:hold_ids::uuid[]);

-- name: load_holds_of_bookings
SELECT
       -- include: hold_columns,
       -- include: booking_columns
FROM unnest(:booking_ids::uuid[]) AS n (booking_id)
CROSS JOIN LATERAL (SELECT * FROM bookings WHERE event_number = :event_number AND id = n.booking_id OFFSET 0) b
CROSS JOIN LATERAL (SELECT * FROM holds WHERE event_number = :event_number AND id = b.hold_id OFFSET 0) h;

-- name: load_claims
-- The claims of holds and blocks that the batch names. A cancelled booking's claims show what it was, without those
-- that it returned before.
SELECT hold_id, line, area_number, seat_number, quantity
FROM claims
WHERE event_number = :event_number AND hold_id = ANY(:hold_ids::uuid[]) AND NOT returned
ORDER BY hold_id, claim_number;

-- name: load_claims_of_bookings
-- All of them, because the next claim and the next ticket count what a booking returned.
SELECT c.hold_id, c.line, c.area_number, c.seat_number, c.quantity, c.claim_number, c.ticket, c.returned
FROM unnest(:booking_ids::uuid[]) AS n (booking_id)
CROSS JOIN LATERAL (SELECT * FROM bookings WHERE event_number = :event_number AND id = n.booking_id OFFSET 0) b
CROSS JOIN LATERAL (SELECT * FROM claims WHERE event_number = :event_number AND hold_id = b.hold_id OFFSET 0) c
ORDER BY c.hold_id, c.claim_number;

-- name: load_blocks
SELECT id, reason, blocked_at, lifted_at
FROM blocks
WHERE event_number = :event_number AND id = ANY(:block_ids::uuid[]);

-- name: load_lapsed
-- Lapsed holds, oldest first, for areas whose counters are too low for the batch: for each area as many as it
-- could need, so that a long backlog of one area never hides another's. The sums decide before any hold is
-- read. The lower bound keeps dead index entries out. statement_timestamp() may return too many holds; the
-- decision filters by its own now.
WITH short AS (
    SELECT a.area_number, w.quantity
    FROM areas a
    JOIN unnest(:wanted_areas::integer[], :wanted::bigint[]) AS w (area_number, quantity)
        ON w.area_number = a.area_number
    WHERE a.event_number = :event_number AND a.capacity - a.held - a.booked - a.blocked < w.quantity
),
oldest AS (
    SELECT DISTINCT l.*
    FROM short s
    CROSS JOIN LATERAL (
        SELECT
            -- include: hold_columns
        FROM holds h
        WHERE h.event_number = :event_number
          AND h.status = 'active'
          AND h.expires_at >= (SELECT reclaimed_until FROM inventories WHERE event_number = :event_number)
          AND h.expires_at <= (
              SELECT greatest(statement_timestamp(), last_at) FROM inventories WHERE event_number = :event_number
          )
          AND (
              :whole_event
              OR EXISTS (
                  SELECT FROM claims c
                  WHERE c.event_number = :event_number AND c.hold_id = h.id AND c.area_number = s.area_number
              )
          )
        ORDER BY h.expires_at
        LIMIT least(s.quantity, :wanted_rows)
    ) l
)
SELECT
       -- include: hold_columns,
       c.line, c.area_number, c.seat_number, c.quantity AS claimed
FROM oldest h
CROSS JOIN LATERAL (SELECT * FROM claims WHERE event_number = :event_number AND hold_id = h.id OFFSET 0) c
ORDER BY h.expires_at, h.id, c.claim_number;

-- name: load_sweep
-- The sweeper's own load: lapsed holds oldest first, whatever the counters are; in a cancelled event every
-- live one.
WITH oldest AS (
    SELECT
        -- include: hold_columns
    FROM holds h
    WHERE h.event_number = :event_number
      AND h.status = 'active'
      AND h.expires_at >= (SELECT reclaimed_until FROM inventories WHERE event_number = :event_number)
      AND h.expires_at <= (
          SELECT CASE WHEN e.status = 'cancelled' THEN 'infinity' ELSE greatest(statement_timestamp(), i.last_at) END
          FROM inventories i
          JOIN events e ON e.event_number = :event_number
          WHERE i.event_number = :event_number
      )
    ORDER BY h.expires_at
    LIMIT :wanted_rows
)
SELECT
       -- include: hold_columns,
       c.line, c.area_number, c.seat_number, c.quantity AS claimed
FROM oldest h
CROSS JOIN LATERAL (SELECT * FROM claims WHERE event_number = :event_number AND hold_id = h.id OFFSET 0) c
ORDER BY h.expires_at, h.id, c.claim_number;

-- name: load_buyers
-- What each buyer has: live holds (their expiry shows whether they have lapsed) and bookings that are not
-- cancelled. A hold is found by its text, which nearly always is the buyer's identity, or by the identity beside it.
SELECT h.buyer, h.id, h.quantity, CASE WHEN h.status = 'active' THEN h.expires_at END AS expires_at
FROM holds h
WHERE h.event_number = :event_number
  AND (h.buyer = ANY(:buyers::text[]) OR h.buyer_identity = ANY(:buyers::text[]))
  AND h.status IN ('active', 'confirmed')
  AND NOT EXISTS (
      SELECT FROM bookings b
      WHERE b.event_number = :event_number AND b.hold_id = h.id AND b.status = 'cancelled'
      OFFSET 0
  );

-- name: load_journal
-- What other processes did since the occupancy's version. More rows than the limit mean a load in full
-- instead.
SELECT version, at, changes
FROM journal
WHERE event_number = :event_number AND version > :version
ORDER BY version
LIMIT :max_rows;

-- name: load_answers
SELECT scope, body, status, answer, token_for
FROM idempotency
WHERE event_number = :event_number AND scope = ANY(:scopes::bytea[]);

-- name: end_claims!
UPDATE claims
SET ended_version = :version
WHERE event_number = :event_number AND hold_id = ANY(:hold_ids::uuid[]) AND ended_version IS NULL;

-- name: book_claims!
UPDATE claims
SET booked_version = :version
WHERE event_number = :event_number AND hold_id = ANY(:hold_ids::uuid[]) AND ended_version IS NULL;

-- name: change_claims!
-- What bookings return, and the tickets of what they keep.
UPDATE claims c
SET ticket = n.ticket, quantity = n.quantity, returned = n.returned,
    ended_version = CASE WHEN n.returned THEN :version::bigint ELSE c.ended_version END
FROM unnest(:hold_ids::uuid[], :numbers::integer[], :tickets::integer[], :quantities::integer[], :have_returned::boolean[])
    AS n (hold_id, claim_number, ticket, quantity, returned)
WHERE c.event_number = :event_number AND c.hold_id = n.hold_id AND c.claim_number = n.claim_number
  AND c.hold_id = ANY(:hold_ids::uuid[]);

-- name: divide_claim!
-- A returned part of a quantity becomes a row of its own, with the versions of the row that it was a part of.
INSERT INTO claims (
    event_number, hold_id, claim_number, line, kind, area_number, seat_number, quantity,
    held_version, booked_version, ended_version, returned, ticket
)
SELECT c.event_number, c.hold_id, :new_number::integer, c.line, c.kind, c.area_number, c.seat_number,
       :quantity::integer, c.held_version, c.booked_version, :version::bigint, true, :ticket::integer
FROM claims c
WHERE c.event_number = :event_number AND c.hold_id = :hold_id AND c.claim_number = :number;

-- name: add_claims!
-- What bookings take instead, each with its ticket.
INSERT INTO claims (
    event_number, hold_id, claim_number, line, kind, area_number, seat_number, quantity,
    held_version, booked_version, ended_version, returned, ticket
)
SELECT e.event_number, n.hold_id, n.claim_number, n.line, 'hold', n.area_number, n.seat_number, n.quantity,
       :version::bigint, :version::bigint, CASE WHEN n.has_ended THEN :version::bigint END, n.returned, n.ticket
FROM events e,
     unnest(
         :hold_ids::uuid[], :numbers::integer[], :lines::smallint[], :areas::integer[], :seats::integer[],
         :quantities::integer[], :have_ended::boolean[], :have_returned::boolean[], :tickets::integer[]
     ) AS n (hold_id, claim_number, line, area_number, seat_number, quantity, has_ended, returned, ticket)
WHERE e.event_number = :event_number;

-- name: change_quantity!
UPDATE holds SET quantity = :quantity WHERE event_number = :event_number AND id = :id;

-- name: move_holds!
-- Once for each status. In a join with a list of statuses, a planner that expects few holds compares each with each.
UPDATE holds
SET status = :status
WHERE event_number = :event_number AND id = ANY(:ids::uuid[]);

-- name: extend_holds!
UPDATE holds h
SET expires_at = m.expires_at
FROM unnest(:ids::uuid[], :expiries::timestamptz[]) AS m (id, expires_at)
WHERE h.event_number = :event_number AND h.id = m.id AND h.id = ANY(:ids::uuid[]);

-- name: insert_hold!
INSERT INTO holds (
    event_number, id, status, placed_at, expires_at, quantity, requested, buyer, buyer_identity, buyer_name,
    buyer_email, token_hash, placed_by, metadata
)
VALUES (
    :event_number, :id, :status, :now, :expires_at, :quantity, :requested, :buyer, :identity, :name, :email,
    :token_hash, :placed_by, :metadata
);

-- name: insert_holds!
INSERT INTO holds (
    event_number, id, status, placed_at, expires_at, quantity, requested, buyer, buyer_identity, buyer_name,
    buyer_email, token_hash, placed_by, metadata
)
SELECT e.event_number, n.id, coalesce(:status::text, n.status), :now::timestamptz,
       coalesce(:expires_at::timestamptz, n.expires_at), coalesce(:quantity::integer, n.quantity),
       coalesce(:requested::integer, n.requested), coalesce(:buyer::text, n.buyer),
       coalesce(:identity::text, n.buyer_identity), coalesce(:name::text, n.buyer_name),
       coalesce(:email::text, n.buyer_email), n.token_hash, coalesce(:placed_by::text, n.placed_by),
       coalesce(:metadata::jsonb, n.metadata)
FROM events e,
     unnest(
         :ids::uuid[], :statuses::text[], :expiries::timestamptz[], :quantities::integer[], :requests::integer[],
         :buyers::text[], :identities::text[], :names::text[], :emails::text[], :token_hashes::bytea[],
         :actors::text[], :metadatas::jsonb[]
     ) AS n (
         id, status, expires_at, quantity, requested, buyer, buyer_identity, buyer_name, buyer_email, token_hash,
         placed_by, metadata
     )
WHERE e.event_number = :event_number;

-- name: insert_claim!
INSERT INTO claims (
    event_number, hold_id, claim_number, line, kind, area_number, seat_number, quantity,
    held_version, booked_version, ended_version
)
VALUES (
    :event_number, :hold_id, :number, :line, :kind, :area, :seat, :quantity,
    :version, CASE WHEN :is_booked THEN :version::bigint END, CASE WHEN :has_ended THEN :version::bigint END
);

-- name: insert_claims!
INSERT INTO claims (
    event_number, hold_id, claim_number, line, kind, area_number, seat_number, quantity,
    held_version, booked_version, ended_version
)
SELECT e.event_number, n.hold_id, coalesce(:number::integer, n.claim_number), coalesce(:line::smallint, n.line),
       coalesce(:kind::text, n.kind), coalesce(:area::integer, n.area_number), coalesce(:seat::integer, n.seat_number),
       coalesce(:quantity::integer, n.quantity), :version::bigint,
       CASE WHEN coalesce(:is_booked::boolean, n.is_booked) THEN :version::bigint END,
       CASE WHEN coalesce(:has_ended::boolean, n.has_ended) THEN :version::bigint END
FROM events e,
     unnest(
         :hold_ids::uuid[], :numbers::integer[], :lines::smallint[], :kinds::text[], :areas::integer[],
         :seats::integer[], :quantities::integer[], :are_booked::boolean[], :have_ended::boolean[]
     ) AS n (hold_id, claim_number, line, kind, area_number, seat_number, quantity, is_booked, has_ended)
WHERE e.event_number = :event_number;

-- name: insert_booking!
INSERT INTO bookings (
    event_number, hold_id, id, status, confirmed_at, buyer_name, buyer_email, confirmed_by, metadata
)
VALUES (:event_number, :hold_id, :id, 'confirmed', :now, :name, :email, :by, :metadata);

-- name: insert_bookings!
INSERT INTO bookings (
    event_number, hold_id, id, status, confirmed_at, buyer_name, buyer_email, confirmed_by, metadata
)
SELECT e.event_number, n.hold_id, n.id, 'confirmed', :now::timestamptz, n.buyer_name, n.buyer_email, n.confirmed_by,
       n.metadata
FROM events e,
     unnest(
         :hold_ids::uuid[], :ids::uuid[], :names::text[], :emails::text[], :confirmed_by::text[], :metadatas::jsonb[]
     ) AS n (hold_id, id, buyer_name, buyer_email, confirmed_by, metadata)
WHERE e.event_number = :event_number;

-- name: change_hold!
UPDATE holds SET metadata = :metadata::jsonb WHERE event_number = :event_number AND id = :id;

-- name: change_booking!
UPDATE bookings SET metadata = :metadata::jsonb WHERE event_number = :event_number AND hold_id = :hold_id;

-- name: transfer_booking!
UPDATE bookings
SET buyer_name = :name, buyer_email = :email, transfers = :transfers, transferred_at = :now
WHERE event_number = :event_number AND hold_id = :hold_id;

-- name: transfer_hold!
-- What the hold says of its buyer is the name of who gave the booking away.
UPDATE holds
SET token_hash = :token_hash, buyer_name = NULL, buyer_email = NULL
WHERE event_number = :event_number AND id = :id;

-- name: cancel_booking!
-- One by one: for an array of them the planner would read a small event's bookings by another index.
UPDATE bookings
SET status = 'cancelled', cancelled_at = :now
WHERE event_number = :event_number AND hold_id = :hold_id;

-- name: insert_blocks!
INSERT INTO blocks (event_number, id, reason, blocked_at, blocked_by)
SELECT e.event_number, n.id, n.reason, :now::timestamptz, n.blocked_by
FROM events e, unnest(:ids::uuid[], :reasons::text[], :blocked_by::text[]) AS n (id, reason, blocked_by)
WHERE e.event_number = :event_number;

-- name: lift_blocks!
UPDATE blocks
SET lifted_at = :now
WHERE event_number = :event_number AND id = ANY(:ids::uuid[]);

-- name: insert_attempt!
INSERT INTO attempts (event_number, number, quantity, status, created_at, booking_id)
VALUES (:event_number, :number, :quantity, :status, :now, :booking_id);

-- name: insert_attempts!
INSERT INTO attempts (event_number, number, quantity, status, created_at, booking_id)
SELECT e.event_number, n.number, n.quantity, n.status, :now::timestamptz, n.booking_id
FROM events e,
     unnest(:numbers::bigint[], :quantities::bigint[], :statuses::text[], :booking_ids::uuid[])
         AS n (number, quantity, status, booking_id)
WHERE e.event_number = :event_number;

-- name: insert_jobs!
-- Outward acts of the batch, such as mail. The key names the act, so a repeated cause adds nothing.
INSERT INTO jobs (event_number, id, kind, subject, key, request, status, due_at, attempts, created_at)
SELECT e.event_number, n.id, n.kind, n.subject, n.key, n.request, 'due', :now::timestamptz, 0, :now::timestamptz
FROM events e,
     unnest(:ids::uuid[], :kinds::text[], :subjects::text[], :keys::text[], :requests::jsonb[])
         AS n (id, kind, subject, key, request)
WHERE e.event_number = :event_number
ON CONFLICT (event_number, key) DO NOTHING;

-- name: update_area!
UPDATE areas
SET category = :category, capacity = :capacity, held = :held, booked = :booked, blocked = :blocked
WHERE event_number = :event_number AND area_number = :number;

-- name: update_areas!
UPDATE areas a
SET category = n.category, capacity = n.capacity, held = n.held, booked = n.booked, blocked = n.blocked
FROM unnest(
         :numbers::integer[], :categories::text[], :capacities::bigint[], :held_counts::bigint[],
         :booked_counts::bigint[], :blocked_counts::bigint[]
     ) AS n (area_number, category, capacity, held, booked, blocked)
WHERE a.event_number = :event_number AND a.area_number = n.area_number;

-- name: name_areas!
-- Counters are written for nearly every batch, names for nearly none.
UPDATE areas a
SET name = n.name, category = n.category, state = n.state
FROM unnest(:numbers::integer[], :names::text[], :categories::text[], :states::text[])
    AS n (area_number, name, category, state)
WHERE a.event_number = :event_number AND a.area_number = n.area_number;

-- name: insert_areas!
INSERT INTO areas (event_number, area_number, name, category, seated, capacity)
SELECT e.event_number, n.area_number, n.name, n.category, n.seated, n.capacity
FROM events e,
     unnest(:numbers::integer[], :names::text[], :categories::text[], :seated::boolean[], :capacities::bigint[])
         AS n (area_number, name, category, seated, capacity)
WHERE e.event_number = :event_number;

-- name: insert_seats!
INSERT INTO seats (
    event_number, seat_number, label, area_number, map_version, section, row_name, position, name, guid, x, y, traits
)
SELECT e.event_number, n.seat_number, n.label, n.area_number, :map_version::integer, n.section, n.row_name, n.position,
       n.name, n.guid, n.x, n.y, n.traits
FROM events e,
     unnest(
         :numbers::integer[], :labels::text[], :areas::integer[], :sections::text[], :rows::text[],
         :positions::integer[], :names::text[], :guids::text[], :xs::float8[], :ys::float8[], :traits::smallint[]
     ) AS n (seat_number, label, area_number, section, row_name, position, name, guid, x, y, traits)
WHERE e.event_number = :event_number;

-- name: insert_map_details!
INSERT INTO map_details (event_number, map_version, areas, source, source_version)
VALUES (:event_number, :map_version::integer, :areas::jsonb, :source::uuid, :source_version::integer);

-- name: update_event!
-- Rules are merged: a server of an older version leaves alone those that it does not know.
UPDATE events
SET name = :name, status = :status, venue = :venue, time_zone = :time_zone, starts_at = :starts_at,
    on_sale_at = :on_sale_at, off_sale_at = :off_sale_at, sales_stopped = :sales_stopped,
    rules = rules || :rules::jsonb, map_version = :map_version, metadata = :metadata::jsonb
WHERE event_number = :event_number;

-- name: update_inventory!
UPDATE inventories
SET version = :version, last_at = :now, reclaimed_until = greatest(reclaimed_until, :reclaimed_until)
WHERE event_number = :event_number;

-- name: insert_journal!
INSERT INTO journal (event_number, version, at, structural, changes)
VALUES (:event_number, :version, :now, :structural, :changes);

-- name: insert_answer!
INSERT INTO idempotency (event_number, scope, body, status, answer, token_for, created_at, brief)
VALUES (:event_number, :scope, :body, :status, :answer, :token_for, :now, :is_brief);

-- name: insert_answers!
INSERT INTO idempotency (event_number, scope, body, status, answer, token_for, created_at, brief)
SELECT e.event_number, n.scope, coalesce(:body::bytea, n.body), coalesce(:status::smallint, n.status), n.answer,
       n.token_for, :now::timestamptz, coalesce(:is_brief::boolean, n.is_brief)
FROM events e,
     unnest(
         :scopes::bytea[], :bodies::bytea[], :statuses::smallint[], :answers::bytea[], :tokens_for::uuid[],
         :are_brief::boolean[]
     ) AS n (scope, body, status, answer, token_for, is_brief)
WHERE e.event_number = :event_number;

-- name: count_replays!
UPDATE idempotency
SET replays = replays + 1
WHERE event_number = :event_number AND scope = ANY(:scopes::bytea[]);
