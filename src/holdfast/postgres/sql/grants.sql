-- Grants: what a role is, and what it may do.

-- name: load_role
-- `owns`: the role is the owner of the tables, or acts as it. `is_owner` says the same of this session.
SELECT
    c.relowner::regrole::text AS owner,
    pg_has_role(c.relowner, 'USAGE') AS is_owner,
    r.oid IS NOT NULL AS exists,
    coalesce(r.rolsuper, false) AS is_superuser,
    coalesce(pg_has_role(r.oid, c.relowner, 'USAGE'), false) AS owns
FROM pg_class c
LEFT JOIN pg_roles r ON r.rolname = %(role)s
WHERE c.oid = to_regclass('inventories');

-- name: load_place
-- The schema of the tables, and the views that Holdfast reads.
SELECT
    n.nspname AS schema,
    ARRAY(SELECT v.relname::text FROM pg_class v WHERE v.relnamespace = n.oid AND v.relkind = 'v'
          AND v.relname = 'users') AS views
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass('inventories');

-- name: list_left
-- The append-only tables that a role can still change.
SELECT ARRAY(
    SELECT name
    FROM unnest(%(append_only)s::text[]) WITH ORDINALITY AS each (name, position)
    WHERE has_table_privilege(%(role)s, to_regclass(quote_ident(name)), 'UPDATE, DELETE, TRUNCATE')
    ORDER BY position
) AS names;
