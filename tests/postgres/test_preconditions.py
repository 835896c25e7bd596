"""Preconditions: a database that could lose, hide or garble something is refused before anything is served.

Class of bug: a foreign database differs from the one that we develop on. docs/decisions/0020 lists what may differ and
how we looked for it. What a session can set is set (`SESSION_SETTINGS`); the rest is refused here, in one line.
"""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from holdfast.postgres import backup, preconditions, schema
from holdfast.postgres.connections import SESSION_SETTINGS, Connections
from support.postgres import TestDatabases
from support.selling import an_engine, new_event


def as_owner(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.replace("THIS", name_of(url)).encode())


def name_of(url: str) -> str:
    return str(conninfo_to_dict(url)["dbname"])


def superuser(databases: TestDatabases, url: str) -> str:
    return databases.server.url_of(name_of(url), role="postgres")


HOSTILE = {
    "TimeZone": "Asia/Kathmandu",
    "DateStyle": "German",
    "IntervalStyle": "sql_standard",
    "client_encoding": "LATIN1",
    "client_min_messages": "error",
    "standard_conforming_strings": "off",
    "array_nulls": "off",
    "bytea_output": "escape",
    "transform_null_equals": "on",
    "exit_on_error": "on",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "1ms",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "plan_cache_mode": "force_custom_plan",
    "jit": "on",
    "default_table_access_method": "other",
    "gin_fuzzy_search_limit": "1",
    "extra_float_digits": "-15",
    "quote_all_identifiers": "on",
}
"""Defaults that a database or a role may have. Each one changes an answer or stops a sale."""


def test_hostile_defaults_change_nothing(databases: TestDatabases, empty_database_url: str) -> None:
    """The same defaults on migration, check and sale. Each setting of a session has a hostile value here."""
    assert HOSTILE.keys() == SESSION_SETTINGS.keys()
    as_owner(
        superuser(databases, empty_database_url),
        "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler",
    )
    defaults = [f"ALTER DATABASE THIS SET {name} = '{value}'" for name, value in HOSTILE.items()]
    as_owner(empty_database_url, *reversed(defaults))
    schema.upgrade(empty_database_url)
    schema.verify(empty_database_url)
    found = "SELECT DISTINCT amname FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE relkind = 'r'"
    with preconditions.connect(empty_database_url) as session:
        assert [row["amname"] for row in session.execute(found).fetchall()] == ["heap"]
    contents = backup.read_contents(empty_database_url)
    assert (contents.has_sales, len(contents.drops) > 2) == (False, True)


async def test_sales_ignore_hostile_defaults(databases: TestDatabases, database_url: str) -> None:
    as_owner(
        superuser(databases, database_url),
        "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler",
    )
    defaults = [f"ALTER DATABASE THIS SET {name} = '{value}'" for name, value in HOSTILE.items()]
    as_owner(database_url, *reversed(defaults))
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"Köln 明": 5})
        (area,) = (await inventory.queries.get_event(number)).areas
        assert area.name == "Köln 明"


async def test_sessions_keep_the_options_of_the_url(database_url: str) -> None:
    """Such as a search_path. Ours still win where both name a setting."""
    url = make_conninfo(database_url, options="-c work_mem=7MB -c timezone=Asia/Kathmandu")
    connections = Connections(url, size=1)
    await connections.open()
    try:
        async with connections.control().connection() as connection:
            found = await (
                await connection.execute("SELECT current_setting('work_mem'), current_setting('timezone')")
            ).fetchone()
    finally:
        await connections.close()
    assert found == ("7MB", "UTC")


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_another_encoding_is_refused(databases: TestDatabases, encoding: str) -> None:
    name = f"test_{encoding.lower()}"
    with psycopg.connect(databases.server.url, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'"
        )
    url = databases.server.url_of(name)
    with pytest.raises(
        schema.SchemaError, match=f"{name} has the encoding {encoding}.*createdb --encoding UTF8"
    ):
        schema.upgrade(url)
    databases.drop(url)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER DATABASE THIS SET default_transaction_read_only = on", "default_transaction_read_only = on"),
        ("ALTER DATABASE THIS SET synchronous_commit = off", "bookings could be lost"),
        ("ALTER DATABASE THIS SET search_path = nowhere", "names no existing schema"),
        ("ALTER DATABASE THIS SET search_path = public, pg_catalog", "pg_catalog behind another schema"),
        ("CREATE SCHEMA other; ALTER DATABASE THIS SET search_path = other, public", "begins with other"),
        (
            "CREATE SCHEMA other; CREATE TABLE other.claims (); ALTER DATABASE THIS SET search_path = other, public",
            "begins with other, and it finds schema_generation in schema public",
        ),
        (
            "ALTER DATABASE THIS CONNECTION LIMIT 7",
            "open 8 connections, and the CONNECTION LIMIT of the database is 7",
        ),
    ],
)
def test_a_default_that_we_do_not_override_is_refused(database_url: str, statement: str, said: str) -> None:
    as_owner(database_url, *statement.split("; "))
    with pytest.raises(schema.SchemaError, match=said) as refused:
        schema.verify(database_url, connections=8)
    assert "\n" not in str(refused.value)


def test_too_many_connections_are_refused(database_url: str) -> None:
    schema.verify(database_url, connections=190)
    with pytest.raises(schema.SchemaError, match="max_connections less the reserved ones is 197"):
        schema.verify(database_url, connections=198)


def test_replica_mode_is_refused(databases: TestDatabases, database_url: str) -> None:
    """It switches foreign keys off. Only a superuser can set it."""
    as_owner(superuser(databases, database_url), "ALTER DATABASE THIS SET session_replication_role = replica")
    assert "session_replication_role = replica" in str(preconditions.find_problem(database_url))


def test_hidden_views_are_refused(database_url: str) -> None:
    """Minor releases before August 2024 do not know the setting, so a session cannot ask for it."""
    try:
        as_owner(database_url, "ALTER DATABASE THIS SET restrict_nonsystem_relation_kind = 'view'")
    except psycopg.errors.UndefinedObject:
        pytest.skip("this minor release of PostgreSQL does not know the setting, so nothing can be set wrong")
    assert "restrict_nonsystem_relation_kind = view: set it to nothing" in str(
        preconditions.find_problem(database_url)
    )


def test_a_transaction_timeout_is_refused(database_url: str) -> None:
    """Servers before 17 do not have it, so a session cannot ask for it at its start."""
    with psycopg.connect(database_url) as connection:
        if connection.info.server_version < 170_000:
            pytest.skip("transaction_timeout needs PostgreSQL 17")
    as_owner(database_url, "ALTER DATABASE THIS SET transaction_timeout = '1s'")
    assert "transaction_timeout = 1s" in str(preconditions.find_problem(database_url))


def test_a_changed_collation_is_refused(databases: TestDatabases, database_url: str) -> None:
    """An update of the system's locales changes orders, and an index by the old order finds too little."""
    as_owner(
        superuser(databases, database_url),
        f"UPDATE pg_database SET datcollversion = '0.1' WHERE datname = '{name_of(database_url)}'",
    )
    assert "REFRESH COLLATION VERSION" in str(preconditions.find_problem(database_url))


@pytest.mark.parametrize("table", ["events", "users", "event_numbers", "alembic_version"])
def test_a_database_of_another_program_is_refused(empty_database_url: str, table: str) -> None:
    as_owner(empty_database_url, f"CREATE TABLE {table} AS SELECT 'x' AS version_num")
    with pytest.raises(schema.SchemaError, match=f"{table} of another program"):
        schema.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('inventories')").fetchone() == (None,)


def limited(databases: TestDatabases, url: str) -> str:
    """Return the URL of the database for a role without any rights."""
    with psycopg.connect(superuser(databases, url), autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'limited'").fetchone() is None:
            connection.execute("CREATE ROLE limited")
            connection.execute("GRANT limited TO holdfast")
    return make_conninfo(url, options="-c role=limited")


TABLES = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO limited"
SEQUENCES = "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO limited"
READING = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO limited"
ROW_SECURITY = "ALTER TABLE claims ENABLE ROW LEVEL SECURITY"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ((), "Role limited lacks SELECT, INSERT, UPDATE, DELETE on schema_generation"),
        ((READING,), "Role limited lacks INSERT, UPDATE, DELETE on schema_generation"),
        ((TABLES,), "Role limited lacks USAGE on event_numbers"),
        ((TABLES, SEQUENCES, ROW_SECURITY), "Row security hides rows of claims from role limited"),
        ((TABLES, SEQUENCES), None),
    ],
)
def test_missing_rights_are_refused(
    databases: TestDatabases, database_url: str, statements: tuple[str, ...], said: str | None
) -> None:
    url = limited(databases, database_url)
    as_owner(database_url, *statements)
    problem = preconditions.find_problem(url)
    assert problem == said or (said is not None and said in str(problem))


def test_a_role_that_may_not_create_is_refused(databases: TestDatabases, empty_database_url: str) -> None:
    """PostgreSQL 15 took this right from everybody but the owner."""
    url = limited(databases, empty_database_url)
    with pytest.raises(schema.SchemaError, match="may not create tables in schema public: GRANT CREATE"):
        schema.upgrade(url)


def test_the_names_of_our_relations_are_those_of_the_schema(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    assert {name for (name,) in found} - {"alembic_version"} == set(preconditions.OURS)
