-- Reads of many events of one PostgreSQL in one statement. LATERAL as in batch.sql: each event is looked up by its
-- number, whatever the planner expects of the list.

-- name: read_states
-- `read_state` of each event, with one row for each of its areas.
SELECT
       -- include: event_columns,
       m.version, m.now,
       (
           SELECT min(h.expires_at)
           FROM holds h
           WHERE h.event_number = n.event_number AND h.status = 'active' AND h.expires_at >= m.reclaimed_until
       ) AS next_expiry,
       -- include: area_columns,
       0 AS lapsed
FROM unnest(:event_numbers::bigint[]) AS n (event_number)
CROSS JOIN LATERAL (
    SELECT version, greatest(statement_timestamp(), last_at) AS now, reclaimed_until
    FROM inventories
    WHERE event_number = n.event_number
    OFFSET 0
) m
CROSS JOIN LATERAL (SELECT * FROM events WHERE event_number = n.event_number OFFSET 0) e
LEFT JOIN LATERAL (SELECT * FROM areas WHERE event_number = n.event_number OFFSET 0) a ON true
ORDER BY n.event_number, a.area_number;
