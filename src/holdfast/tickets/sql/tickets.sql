-- Tickets that were issued again. A ticket without a row has revision 0, and its code is derived.

-- name: list_revisions
SELECT ticket_number, revision, reissued_at, reissued_by
FROM ticket_revisions
WHERE event_number = :event_number AND booking_id = :booking_id
  AND ticket_number >= :first AND ticket_number < :first + :max_rows
ORDER BY ticket_number;

-- name: reissue_ticket
-- A repeat under one of the last ten retry keys changes nothing, and returns no row.
INSERT INTO ticket_revisions AS t (
    event_number, booking_id, ticket_number, revision, reissued_at, reissued_by, retry_scopes
)
VALUES (:event_number, :booking_id, :ticket_number, 1, :now, :by, :scopes::bytea[])
ON CONFLICT (event_number, booking_id, ticket_number) DO UPDATE
SET revision = t.revision + 1,
    reissued_at = excluded.reissued_at,
    reissued_by = excluded.reissued_by,
    retry_scopes = excluded.retry_scopes
        || trim_array(t.retry_scopes, greatest(0, cardinality(t.retry_scopes) + cardinality(excluded.retry_scopes) - 10))
WHERE cardinality(excluded.retry_scopes) = 0 OR NOT t.retry_scopes @> excluded.retry_scopes
RETURNING revision;
