-- Counts of an event's sale, by minute.

-- name: add_sale_minutes
INSERT INTO sale_minutes (event_number, at, kind, count, admissions)
SELECT e.event_number, u.at, u.kind, u.count, u.admissions
FROM events e
CROSS JOIN unnest(:ats::timestamptz[], :kinds::text[], :counts::bigint[], :admissions::bigint[])
     AS u(at, kind, count, admissions)
WHERE e.event_number = :event_number
ON CONFLICT (event_number, at, kind) DO UPDATE
SET count = sale_minutes.count + excluded.count, admissions = sale_minutes.admissions + excluded.admissions;

-- name: read_event_time
SELECT greatest(statement_timestamp(), i.last_at) AS now
FROM inventories i
WHERE i.event_number = :event_number;

-- name: sum_sale_minutes
SELECT date_bin(:seconds::integer * interval '1 second', at, :first::timestamptz) AS at, kind, sum(count)::bigint AS count,
       sum(admissions)::bigint AS admissions
FROM sale_minutes
WHERE event_number = :event_number AND at >= :first
GROUP BY 1, 2;
