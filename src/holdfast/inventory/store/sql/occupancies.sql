-- The full load of an occupancy: every taken seat and every hold that may lapse, in one statement and so of
-- one version. Bookings of counted areas are left out: there may be a million of them.

-- name: load_occupancy
SELECT i.version, c.hold_id, c.kind, coalesce(h.placed_at, b.blocked_at) AS placed_at, h.expires_at,
       h.status = 'confirmed' AS booked, h.buyer, h.requested, c.seats, c.areas, c.quantities
FROM inventories i
LEFT JOIN LATERAL (
    SELECT hold_id, min(kind) AS kind,
           array_agg(seat_number ORDER BY claim_number) FILTER (WHERE seat_number IS NOT NULL) AS seats,
           array_agg(area_number ORDER BY claim_number) AS areas,
           array_agg(quantity ORDER BY claim_number) AS quantities
    FROM claims
    WHERE event_number = :event_number AND ended_version IS NULL
      AND hold_id = ANY(ARRAY(
          SELECT hold_id FROM claims
          WHERE event_number = :event_number AND seat_number IS NOT NULL AND ended_version IS NULL
          UNION
          SELECT id FROM holds WHERE event_number = :event_number AND status = 'active'
          UNION
          SELECT id FROM blocks WHERE event_number = :event_number AND lifted_at IS NULL
      ))
    GROUP BY hold_id
) c ON true
LEFT JOIN holds h ON h.event_number = :event_number AND h.id = c.hold_id
LEFT JOIN blocks b ON b.event_number = :event_number AND b.id = c.hold_id
WHERE i.event_number = :event_number;
