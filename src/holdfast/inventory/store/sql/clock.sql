-- Clock: events whose own time is ahead of the clock, and the way back.

-- name: find_ahead
-- The events of one node, the farthest ahead first.
SELECT event_number, extract(epoch FROM last_at - statement_timestamp())::double precision AS seconds
FROM inventories
WHERE last_at > statement_timestamp() + interval '1 second'
ORDER BY last_at DESC
LIMIT :max_rows;

-- name: lock_clock
-- Nothing is written to the event meanwhile.
SELECT last_at FROM inventories WHERE event_number = :event_number FOR UPDATE;

-- name: load_goal
-- A hold that has expired did so at its `expires_at`, and the event's time cannot be before that.
SELECT greatest(statement_timestamp(), max(expires_at)) AS goal
FROM holds
WHERE event_number = :event_number AND status = 'expired';

-- name: set_journal_back!
UPDATE journal SET at = :goal WHERE event_number = :event_number AND at > :goal;

-- name: set_holds_back!
UPDATE holds SET placed_at = :goal WHERE event_number = :event_number AND placed_at > :goal;

-- name: set_bookings_back!
-- Not by `least`, which takes a null for no value.
UPDATE bookings
SET confirmed_at = least(confirmed_at, :goal),
    cancelled_at = CASE WHEN cancelled_at > :goal THEN :goal ELSE cancelled_at END
WHERE event_number = :event_number AND (confirmed_at > :goal OR cancelled_at > :goal);

-- name: set_blocks_back!
UPDATE blocks
SET blocked_at = least(blocked_at, :goal),
    lifted_at = CASE WHEN lifted_at > :goal THEN :goal ELSE lifted_at END
WHERE event_number = :event_number AND (blocked_at > :goal OR lifted_at > :goal);

-- name: set_clock_back!
UPDATE inventories
SET last_at = :goal, reclaimed_until = least(reclaimed_until, :goal)
WHERE event_number = :event_number;

-- name: find_endless_holds
-- Holds that end later than any hold placed now can.
SELECT id
FROM holds
WHERE event_number = :event_number AND status = 'active' AND expires_at > :goal::timestamptz + interval '1 day'
ORDER BY id;
