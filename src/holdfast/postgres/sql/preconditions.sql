-- Preconditions: what a start checks of a database. Every statement runs on a session with the server's own settings.

-- name: load_database
-- The collation's versions are null if the locale has none. `first_schema` is pg_catalog unless someone put another
-- schema before it.
SELECT
    current_database() AS database,
    current_user AS role,
    pg_is_in_recovery() AS is_standby,
    pg_encoding_to_char(encoding) AS encoding,
    datcollversion AS collation_version,
    pg_database_collation_actual_version(oid) AS library_version,
    current_schema() AS schema,
    current_schemas(true) AS path,
    has_schema_privilege(current_schema(), 'CREATE') AS may_create
FROM pg_database
WHERE datname = current_database();

-- name: list_settings
-- Settings by name. Older servers do not have all of them.
SELECT name, current_setting(name) AS value
FROM pg_settings
WHERE name = ANY(%(names)s);

-- name: list_relations_of
-- Where each of our relations is found, and what hides its rows or refuses its changes. Others are not listed. A server
-- only adds to some tables.
SELECT
    wanted.name,
    n.nspname AS schema,
    c.relkind = 'S' AS is_sequence,
    CASE WHEN c.relkind = 'S' THEN false ELSE row_security_active(c.oid) END AS hides_rows,
    ARRAY(
        SELECT right_name
        FROM unnest(CASE WHEN c.relkind = 'S' THEN ARRAY['USAGE']
                         WHEN wanted.name = ANY(%(append_only)s::text[]) THEN ARRAY['SELECT', 'INSERT']
                         ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] END) AS right_name
        WHERE NOT CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, right_name)
                       ELSE has_table_privilege(c.oid, right_name) END
    ) AS missing_rights
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS wanted (name, position)
JOIN pg_class c ON c.oid = to_regclass(quote_ident(wanted.name))
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY wanted.position;

-- name: has_other_migrations
-- Asked only if Holdfast has not migrated this database, and the table exists.
SELECT EXISTS (SELECT FROM alembic_version) AS found;

-- name: load_room
-- How many connections the role may have: the lowest of three limits. -1 is none.
SELECT
    r.rolname AS role,
    r.rolconnlimit AS of_role,
    d.datconnlimit AS of_database,
    current_setting('max_connections')::integer
        - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::integer
            + coalesce(current_setting('reserved_connections', true)::integer, 0) END AS of_server
FROM pg_roles r, pg_database d
WHERE r.rolname = session_user AND d.datname = current_database();

-- name: load_process
SELECT pg_backend_pid() AS process;
