-- The descriptions and posters of events. No batch reads them.

-- name: get_presentation
SELECT event_number, description, poster_digest, poster_width, poster_height, changed_at, changed_by
FROM presentations
WHERE event_number = :event_number;

-- name: list_presentations
SELECT event_number, description, poster_digest, poster_width, poster_height, changed_at, changed_by
FROM presentations
WHERE event_number = ANY(:event_numbers::bigint[]);

-- name: get_poster
SELECT poster, poster_small FROM presentations WHERE event_number = :event_number AND poster_digest = :digest;

-- name: describe_event
INSERT INTO presentations AS p (event_number, description, changed_at, changed_by)
VALUES (:event_number, :description, :now, :by)
ON CONFLICT (event_number) DO UPDATE
SET description = excluded.description, changed_at = excluded.changed_at, changed_by = excluded.changed_by
WHERE p.description <> excluded.description
RETURNING event_number;

-- name: set_poster
INSERT INTO presentations AS p (
    event_number, poster_digest, poster, poster_small, poster_width, poster_height, changed_at, changed_by
)
VALUES (:event_number, :digest, :poster, :poster_small, :width, :height, :now, :by)
ON CONFLICT (event_number) DO UPDATE
SET poster_digest = excluded.poster_digest,
    poster = excluded.poster,
    poster_small = excluded.poster_small,
    poster_width = excluded.poster_width,
    poster_height = excluded.poster_height,
    changed_at = excluded.changed_at,
    changed_by = excluded.changed_by
WHERE p.poster_digest IS DISTINCT FROM excluded.poster_digest
RETURNING event_number;

-- name: remove_poster
UPDATE presentations
SET poster_digest = NULL,
    poster = NULL,
    poster_small = NULL,
    poster_width = NULL,
    poster_height = NULL,
    changed_at = :now,
    changed_by = :by
WHERE event_number = :event_number AND poster_digest IS NOT NULL
RETURNING event_number;
