-- Column lists that several statements select, each in one place: `-- include: NAME` in a statement stands
-- for them. The readers of `rows.py` find them by these names. Each list names the table of its letter.

-- name: event_columns
-- Of events e, by name: a prepared `e.*` fails once a later schema has one column more.
       e.event_number, e.id, e.name, e.status, e.venue, e.time_zone, e.starts_at, e.on_sale_at, e.off_sale_at,
       e.sales_stopped, e.rules::text, e.map_version, e.created_at, e.metadata::text,
       e.organisation_number AS organisation

-- name: area_columns
-- Of areas a.
       a.area_number, a.name AS area_name, a.category, a.seated, a.capacity, a.held, a.booked, a.blocked,
       a.state AS area_state

-- name: hold_columns
-- Of holds h.
       h.id, h.status, h.placed_at, h.expires_at, h.quantity, h.requested, h.buyer, h.token_hash

-- name: booking_columns
-- Of bookings b, selected next to the columns of their holds h. What a booking lacks, it has from its hold.
       b.id AS booking_id, b.status AS booking_status, b.confirmed_at, b.cancelled_at,
       coalesce(b.buyer_name, h.buyer_name) AS buyer_name, coalesce(b.buyer_email, h.buyer_email) AS buyer_email,
       coalesce(b.metadata, h.metadata)::text AS metadata, b.transfers, b.transferred_at
