-- What people at work look for: bookings by the words of their buyers, the readers of a message, a booking's changes.

-- name: find_bookings_by_words
-- By the beginnings of words of the buyer, as the booking or its hold has them. The indexes find the candidates,
-- no more than `max_fits` of each table, so that a word of everybody costs no more than a rare one.
WITH wanted AS MATERIALIZED (
    SELECT to_tsquery('simple', lower(:words)) AS words
),
fits AS MATERIALIZED (
    (
        SELECT hold_id
        FROM bookings
        WHERE event_number = :event_number
          AND (buyer_name IS NOT NULL OR buyer_email IS NOT NULL)
          AND to_tsvector('simple', translate(
              lower(coalesce(buyer_name, '') || ' ' || coalesce(buyer_email, '')), '@._-+/&’', '        '
          )) @@ (SELECT words FROM wanted)
        LIMIT :max_fits
    )
    UNION
    (
        SELECT id
        FROM holds
        WHERE event_number = :event_number
          AND status = 'confirmed'
          AND (buyer_name IS NOT NULL OR buyer_email IS NOT NULL OR buyer IS NOT NULL)
          AND to_tsvector('simple', translate(
              lower(coalesce(buyer_name, '') || ' ' || coalesce(buyer_email, '') || ' ' || coalesce(buyer, '')),
              '@._-+/&’', '        '
          )) @@ (SELECT words FROM wanted)
        LIMIT :max_fits
    )
)
SELECT
       -- include: hold_columns,
       -- include: booking_columns,
       statement_timestamp() AS now
FROM fits f
JOIN bookings b ON b.event_number = :event_number AND b.hold_id = f.hold_id
JOIN holds h ON h.event_number = :event_number AND h.id = f.hold_id
WHERE (:before::uuid IS NULL OR b.id < :before)
  AND (:status::text IS NULL OR b.status = :status)
  AND (:metadata::jsonb IS NULL OR b.metadata @> :metadata::jsonb)
ORDER BY b.id DESC
LIMIT :max_rows;

-- name: find_bookings_by_words_of_all
-- A fan-out: the same over every event of a node.
WITH wanted AS MATERIALIZED (
    SELECT to_tsquery('simple', lower(:words)) AS words
),
fits AS MATERIALIZED (
    (
        SELECT event_number, hold_id
        FROM bookings
        WHERE (buyer_name IS NOT NULL OR buyer_email IS NOT NULL)
          AND to_tsvector('simple', translate(
              lower(coalesce(buyer_name, '') || ' ' || coalesce(buyer_email, '')), '@._-+/&’', '        '
          )) @@ (SELECT words FROM wanted)
          AND (
              :organisation::bigint IS NULL
              OR EXISTS (
                  SELECT 1 FROM events e
                  WHERE e.event_number = bookings.event_number AND e.organisation_number = :organisation
              )
          )
        LIMIT :max_fits
    )
    UNION
    (
        SELECT event_number, id
        FROM holds
        WHERE status = 'confirmed'
          AND (buyer_name IS NOT NULL OR buyer_email IS NOT NULL OR buyer IS NOT NULL)
          AND to_tsvector('simple', translate(
              lower(coalesce(buyer_name, '') || ' ' || coalesce(buyer_email, '') || ' ' || coalesce(buyer, '')),
              '@._-+/&’', '        '
          )) @@ (SELECT words FROM wanted)
          AND (
              :organisation::bigint IS NULL
              OR EXISTS (
                  SELECT 1 FROM events e
                  WHERE e.event_number = holds.event_number AND e.organisation_number = :organisation
              )
          )
        LIMIT :max_fits
    )
)
SELECT b.event_number, b.id
FROM fits f
JOIN bookings b ON b.event_number = f.event_number AND b.hold_id = f.hold_id
WHERE (:before::uuid IS NULL OR b.id < :before)
  AND (:status::text IS NULL OR b.status = :status)
  AND (:metadata::jsonb IS NULL OR b.metadata @> :metadata::jsonb)
ORDER BY b.id DESC
LIMIT :max_rows;

-- name: count_readers
-- How many people a message to an event's buyers reaches: by address, or by account. The rest have neither.
SELECT count(DISTINCT r.reader) AS people, count(*) FILTER (WHERE r.reader IS NULL) AS without_address
FROM (
    SELECT coalesce(
        lower(b.buyer_email), lower(h.buyer_email),
        CASE WHEN b.transfers IS NULL AND starts_with(h.buyer, :account) THEN h.buyer END
    ) AS reader
    FROM bookings b
    JOIN holds h ON h.event_number = :event_number AND h.id = b.hold_id
    WHERE b.event_number = :event_number AND b.status = 'confirmed'
) r;

-- name: list_changes_of_booking
-- When the booking gave places back, and whether it got others then.
SELECT j.version, j.at,
       EXISTS (
           SELECT 1 FROM claims n
           WHERE n.event_number = :event_number AND n.hold_id = :hold_id AND n.held_version = j.version
       ) AS is_exchange
FROM journal j
WHERE j.event_number = :event_number
  AND j.version IN (
      SELECT c.ended_version FROM claims c
      WHERE c.event_number = :event_number AND c.hold_id = :hold_id AND c.returned
  )
ORDER BY j.version;
