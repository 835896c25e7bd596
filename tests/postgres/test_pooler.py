"""A connection pooler in transaction mode is found at the start, whether it refuses our settings or ignores them.

Class of bug: a precondition that is written and not checked. The others of this kind are in test_preconditions.py: room
for the connections, settings of sessions, durability. A pooler has these: settings that it refuses or ignores, shared
sessions, and how many it lends at once, which its pool size and its limit of clients say. This test needs pgbouncer,
and is skipped without it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.postgres import schema
from holdfast.process.folders import server_user
from support.postgres import TestDatabases

PGBOUNCER = shutil.which("pgbouncer") or (
    "/usr/sbin/pgbouncer" if Path("/usr/sbin/pgbouncer").exists() else None
)
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")

IGNORE = "ignore_startup_parameters = extra_float_digits, options"


@contextmanager
def pgbouncer(databases: TestDatabases, folder: Path, url: str, *lines: str) -> Iterator[str]:
    """Run pgbouncer before the database, and yield its URL."""
    target = conninfo_to_dict(url)
    user = server_user()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = folder / "pgbouncer.ini"
    config.write_text(
        "\n".join(
            [
                "[databases]",
                f"* = host={target['host']} port={target['port']} user=holdfast",
                "[pgbouncer]",
                f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =",
                "auth_type = any",
                *lines,
            ]
        )
    )
    config.chmod(0o644)
    as_user = {} if user.is_caller else {"user": user.uid, "group": user.gid, "extra_groups": []}
    assert PGBOUNCER is not None
    process = subprocess.Popen([PGBOUNCER, str(config)], stderr=subprocess.PIPE, text=True, **as_user)  # type: ignore[call-overload]  # the arguments are named above
    try:
        assert any("process up" in line for line in process.stderr), "pgbouncer did not start"
        yield f"postgresql://holdfast@127.0.0.1:{port}/{target['dbname']}"
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture
def trusting(databases: TestDatabases) -> Iterator[None]:
    """The server trusts everybody who reaches its socket: pgbouncer's user is not ours."""
    folder = Path(conninfo_to_dict(databases.server.url)["host"]).parent  # type: ignore[arg-type]  # a text
    rules = folder / "pg_hba.conf"
    before = rules.read_text()
    reload = "SELECT pg_reload_conf()"
    with psycopg.connect(databases.server.url_of("postgres", role="postgres"), autocommit=True) as session:
        rules.write_text("local all all trust\n")
        session.execute(reload)
        yield
        rules.write_text(before)
        session.execute(reload)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["pool_mode = transaction"], "pooler refuses the settings"),
        (["pool_mode = session"], "pooler refuses the settings"),
        (["pool_mode = transaction", IGNORE], "pooler ignores it"),
        (["pool_mode = session", IGNORE], "pooler ignores it"),
    ],
)
def test_a_pooler_without_our_settings_is_refused(
    databases: TestDatabases,
    trusting: None,
    open_folder: Path,
    database_url: str,
    lines: list[str],
    said: str,
) -> None:
    with pgbouncer(databases, open_folder, database_url, *lines) as url:
        for use in (schema.verify, schema.upgrade):
            with pytest.raises(schema.SchemaError, match=said) as refused:
                use(url)
            assert "\n" not in str(refused.value)


def with_settings(databases: TestDatabases, database_url: str) -> None:
    """Give the role our settings, so that a pooler's sessions have them although it ignores ours."""
    from holdfast.postgres.connections import SESSION_SETTINGS

    with psycopg.connect(databases.server.url_of("postgres", role="postgres"), autocommit=True) as session:
        name = conninfo_to_dict(database_url)["dbname"]
        for setting, value in SESSION_SETTINGS.items():
            session.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'".encode())


def test_shared_sessions_are_refused_even_with_the_right_settings(
    databases: TestDatabases, trusting: None, open_folder: Path, database_url: str
) -> None:
    with_settings(databases, database_url)
    with (
        pgbouncer(databases, open_folder, database_url, "pool_mode = transaction", IGNORE) as url,
        pytest.raises(schema.SchemaError, match="transaction mode shares its sessions"),
    ):
        schema.verify(url)


def test_session_mode_with_the_right_settings_is_accepted(
    databases: TestDatabases, trusting: None, open_folder: Path, database_url: str
) -> None:
    with_settings(databases, database_url)
    with pgbouncer(databases, open_folder, database_url, "pool_mode = session", IGNORE) as url:
        schema.verify(url)


@pytest.mark.parametrize("limit", ["default_pool_size = 3", "max_client_conn = 3"])
def test_a_pooler_that_lends_too_few_sessions_is_refused(
    databases: TestDatabases, trusting: None, open_folder: Path, database_url: str, limit: str
) -> None:
    """PostgreSQL's own limits had room. The server started, and each connection above the pooler's limit waited."""
    with_settings(databases, database_url)
    with pgbouncer(databases, open_folder, database_url, "pool_mode = session", IGNORE, limit) as url:
        schema.verify(url, connections=3)
        with pytest.raises(schema.SchemaError, match="lends 3 sessions at once, and the workers open 8"):
            schema.verify(url, connections=8)


def test_a_direct_connection_is_accepted(database_url: str) -> None:
    schema.verify(database_url)
