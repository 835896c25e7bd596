"""`holdfast db restore`: all of a backup comes back, or nothing changes."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import psycopg
import pytest

from holdfast.postgres import backup, schema
from holdfast.postgres.tables import OF_EVENTS
from holdfast.process.postgres_binaries import embedded_bin_dir
from support.backups import piped
from support.commands import Run
from support.house_of import fetch
from support.pretend_citus import SHARDS, be_coordinator, node
from support.terminal import in_terminal


def listed_tables(url: str) -> set[object]:
    return {
        name
        for (name,) in fetch(
            url, "SELECT c.relname FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid"
        )
    }


@pytest.mark.one_postgres(
    "it pretends to be one, and all restores of this file are into a distributed database"
)
def test_a_distributed_database_is_distributed_again_by_a_restore(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path
) -> None:
    """It left plain tables on the coordinator without a word."""
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    holdfast("event", "create", "Later")
    be_coordinator(database_url, node())
    assert holdfast("db", "restore", file, "--force", "--json").json["shards"] == SHARDS
    assert listed_tables(database_url) == set(OF_EVENTS)
    schema.verify(database_url)
    assert fetch(database_url, "SELECT count(*) FROM events") == [(1,)]


@pytest.mark.one_postgres("it pretends to be one")
def test_a_restore_that_cannot_distribute_says_what_is_left(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path
) -> None:
    """The rows are there by then, and a key that was revoked stays so: only the distribution is missing."""
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    be_coordinator(database_url, node())
    fetch(database_url, "UPDATE citus.pg_dist_node SET isactive = false")
    said = holdfast("db", "restore", file, "--force").complaint
    assert "The backup is restored" in said
    assert "run `holdfast db distribute`" in said.lower()
    assert fetch(database_url, "SELECT count(*) FROM events") == [(1,)]
    fetch(database_url, "UPDATE citus.pg_dist_node SET isactive = true")
    assert holdfast("db", "distribute", "--yes").code == 0
    schema.verify(database_url)


@pytest.mark.one_postgres("it pretends to be one")
def test_a_coordinator_without_shards_is_restored_with_advice(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    be_coordinator(database_url, node(), distributed=False)
    done = holdfast("db", "restore", file, "--force")
    assert done.code == 0
    assert "`holdfast db distribute` puts them on the nodes" in done.err
    assert listed_tables(database_url) == set()


def test_a_backup_is_private_and_restores_completely(
    holdfast: Run, run: Run, sold: None, empty_database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "sales.backup"
    written = holdfast("db", "backup", file, "--json").json
    assert written["size_bytes"] == file.stat().st_size > 1000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["sales.backup"]

    assert run("db", "restore", file, database_url=empty_database_url).code == 0
    (event,) = run("event", "list", "--json", database_url=empty_database_url).json
    assert (event["name"], event["available"]) == ("Concert", 5)
    assert run("check", database_url=empty_database_url).code == 0
    assert run("event", "create", "Next", "--json", database_url=empty_database_url).json["number"] == 2


def test_restore_replaces_a_database_with_sales_only_with_force(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    holdfast("event", "create", "Later", "--capacity", 5)
    assert "not empty" in holdfast("db", "restore", file).complaint
    assert fetch(database_url, "SELECT count(*) FROM events") == [(2,)]
    assert holdfast("db", "restore", file, "--force").code == 0
    assert fetch(database_url, "SELECT name FROM events") == [("Concert",)]
    assert fetch(database_url, "SELECT count(*) FROM api_keys") == [(1,)]
    again = tmp_path / "again.backup"
    assert holdfast("db", "backup", again).code == 0
    assert holdfast("db", "restore", again, "--force").code == 0


def test_restore_treats_a_database_without_events_as_empty(
    holdfast: Run, run: Run, sold: None, databases: object, tmp_path: Path
) -> None:
    """A server that was started once has a schema but no data."""
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    url = databases.create()  # type: ignore[attr-defined]  # a TestDatabases
    assert run("db", "restore", file, database_url=url).code == 0
    assert fetch(url, "SELECT name FROM events") == [("Concert",)]


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_restore_of_an_incomplete_backup_changes_nothing(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path, damage: str
) -> None:
    """A restore is one transaction, so an incomplete file leaves the existing data."""
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2] if damage == "cut" else b"something else")
    assert holdfast("db", "restore", file, "--force").complaint
    assert fetch(database_url, "SELECT name FROM events") == [("Concert",)]
    assert holdfast("check").code == 0


def test_restore_is_refused_while_a_server_uses_the_database(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path
) -> None:
    """The server would go on to sell from its cached events."""
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    with psycopg.connect(database_url, application_name="holdfast"):
        assert "stop it first" in holdfast("db", "restore", file, "--force").complaint


def test_restore_of_a_missing_file_is_refused(holdfast: Run, tmp_path: Path) -> None:
    assert "There is no file" in holdfast("db", "restore", tmp_path / "nothing").complaint


def test_restore_refuses_a_newer_schema_before_it_drops_anything(
    holdfast: Run, sold: None, database_url: str, databases: object, tmp_path: Path
) -> None:
    """The end of the restore's transaction would refuse it as well, but only when the data is on its way.

    Nobody is asked for `--force` first, because it would not help.
    """
    file = tmp_path / "newer.backup"
    newer = databases.create()  # type: ignore[attr-defined]  # a TestDatabases
    with psycopg.connect(newer) as connection:
        connection.execute("UPDATE schema_generation SET generation = 99, oldest_server = 99")
    with file.open("wb") as target:
        backup.dump(newer, target, bin_dir=embedded_bin_dir())
    for forced in ([], ["--force"]):
        refused = holdfast("db", "restore", file, *forced).complaint
        assert f"has schema 99, which serves servers from 99 on; this one is {schema.GENERATION}" in refused
    assert fetch(database_url, "SELECT name FROM events") == [("Concert",)]


def test_a_backup_streams_from_one_database_into_another(
    holdfast: Run, run: Run, sold: None, database_url: str, empty_database_url: str
) -> None:
    """`db backup - | ssh … db restore -`: no file of the whole size on either side."""
    backed_up = piped(database_url, "db", "backup", "-")
    restored = piped(empty_database_url, "db", "restore", "-", stdin=backed_up.stdout)
    assert restored.returncode == 0, restored.stderr.decode()
    (event,) = run("event", "list", "--json", database_url=empty_database_url).json
    assert (event["name"], event["available"]) == ("Concert", 5)
    refused = piped(empty_database_url, "db", "restore", "-", stdin=backed_up.stdout)
    assert b"--force" in refused.stderr
    replaced = piped(empty_database_url, "db", "restore", "-", "--force", stdin=backed_up.stdout)
    assert replaced.returncode == 0


def test_a_backup_is_restored_from_a_fifo(holdfast: Run, sold: None, tmp_path: Path) -> None:
    """pg_restore may stop before the end of the stream, and then the program that wrote it failed by SIGPIPE."""
    file, fifo = tmp_path / "sales.backup", tmp_path / "fifo"
    holdfast("db", "backup", file)
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(file.read_bytes() + bytes(1 << 20)))
    writer.start()
    assert holdfast("db", "restore", fifo, "--force").code == 0
    writer.join(30)


@pytest.mark.parametrize("damage", ["cut", "other", "empty", "newer", "foreign"])
def test_a_wrong_stream_changes_nothing(
    holdfast: Run, sold: None, database_url: str, databases: object, damage: str
) -> None:
    """Nothing of it can be read before the restore begins, so the end of its transaction refuses it."""
    content = piped(database_url, "db", "backup", "-").stdout
    other = databases.create()  # type: ignore[attr-defined]  # a TestDatabases
    with psycopg.connect(other) as connection:
        if damage == "newer":
            connection.execute("UPDATE schema_generation SET generation = 99, oldest_server = 99")
        elif damage == "foreign":
            connection.execute("DROP TABLE schema_generation")
    if damage in ("newer", "foreign"):
        dump = [embedded_bin_dir() / "pg_dump", "--format=custom", other]
        content = subprocess.run(dump, capture_output=True, check=True).stdout
    streams = {"cut": content[: len(content) // 2], "other": b"something else" * 1000, "empty": b""}
    refused = piped(database_url, "db", "restore", "-", "--force", stdin=streams.get(damage, content))
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1, refused.stderr
    assert fetch(database_url, "SELECT name FROM events") == [("Concert",)]
    assert holdfast("check").code == 0


ANOTHER_SCHEMA = """
CREATE SCHEMA "Box.Office";
ALTER DATABASE {name} SET search_path = "Box.Office";
"""


def test_a_database_with_its_tables_in_another_schema_is_restored(
    run: Run, empty_database_url: str, database_url: str, tmp_path: Path
) -> None:
    """The schema may have any name (docs/decisions/0020). The restore looked for it in `public` alone, and failed.

    Members of the kind, which a restore meets in an administrator's database: a schema that exists, a publication that
    exists, and an extension (above). A tablespace, a security label and an access method are left out, too.
    """
    on, file = {"database_url": empty_database_url}, tmp_path / "sales.backup"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        for statement in ANOTHER_SCHEMA.format(name=connection.info.dbname).strip().splitlines():
            connection.execute(statement.encode())
    run("db", "upgrade", **on)
    assert not backup.read_contents(empty_database_url).has_sales, "its tables are ours, whatever holds them"
    assert run("event", "create", "Concert", "--capacity", 5, **on).code == 0
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(b"CREATE PUBLICATION of_a_warehouse FOR TABLE events")
    assert run("db", "backup", file, **on).code == 0
    for source in (file, "-"):
        done = piped(empty_database_url, "db", "restore", source, "--force", stdin=file.read_bytes())
        assert done.returncode == 0, done
        assert done.stderr == b"" or b"`holdfast db distribute` puts them on the nodes" in done.stderr, done
        assert fetch(empty_database_url, "SELECT name FROM events") == [("Concert",)]
    elsewhere = piped(database_url, "db", "restore", file, "--force")
    assert b'tables in schema "Box.Office", and the search_path begins with public' in elsewhere.stderr
    assert fetch(database_url, "SELECT count(*) FROM events") == [(0,)]


def test_a_terminal_gets_no_backup_and_is_asked_before_a_restore(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path
) -> None:
    on = {"database_url": database_url}
    assert "redirect the output" in in_terminal("db", "backup", "-", **on).text
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    holdfast("event", "create", "Later")
    kept = in_terminal("db", "restore", file, "--force", answers="n\n", **on)
    assert (kept.code, "Nothing was changed." in kept.text) == (1, True)
    assert fetch(database_url, "SELECT count(*) FROM events") == [(2,)]
    assert in_terminal("db", "restore", file, "--force", answers="y\n", **on).code == 0
    assert fetch(database_url, "SELECT count(*) FROM events") == [(1,)]
    assert in_terminal("db", "restore", file, "--force", "--yes", **on).code == 0


OLD_PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.skipif(not OLD_PROGRAMS.exists(), reason="PostgreSQL 15 is not installed")
def test_an_older_pg_restore_reads_the_script_and_not_the_file(
    holdfast: Run, sold: None, tmp_path: Path
) -> None:
    """The page on backups says so: the file has the format of the `pg_dump` that wrote it."""
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    old = subprocess.run([OLD_PROGRAMS / "pg_restore", "--list", file], capture_output=True, check=False)
    assert b"unsupported version" in old.stderr
    script = subprocess.run(
        [embedded_bin_dir() / "pg_restore", "--no-owner", "--file=-", file], capture_output=True, check=True
    )
    assert b"CREATE TABLE public.events" in script.stdout


def test_a_restore_keeps_a_closed_server_closed(
    holdfast: Run, run: Run, database_url: str, tmp_path: Path
) -> None:
    """Class of bug: a restore undoes a decision about safety: open mode that ended, a key that was revoked."""
    file = tmp_path / "before-keys.backup"
    holdfast("db", "backup", file)
    holdfast("keys", "create", "till", "--scope", "sell")
    assert holdfast("db", "restore", file, "--force", "--json").json["keys_returned"] == []
    assert fetch(database_url, "SELECT count(*), count(revoked_at) FROM api_keys") == [(1, 1)]
    holdfast("keys", "create", "next", "--scope", "sell")


def test_a_restore_lists_keys_that_work_again(holdfast: Run, tmp_path: Path) -> None:
    stays = holdfast("keys", "create", "stays", "--scope", "sell", "--json").json["id"]
    revoked = holdfast("keys", "create", "lost", "--scope", "sell", "--json").json["id"]
    file = tmp_path / "with-both.backup"
    holdfast("db", "backup", file)
    holdfast("keys", "revoke", revoked)
    assert holdfast("db", "restore", file, "--force", "--json").json["keys_returned"] == [revoked]
    listed = {key["id"]: key["revoked_at"] for key in holdfast("keys", "list", "--json").json}
    assert listed == {stays: None, revoked: None}


def test_a_restore_signs_everybody_out_and_lists_members_who_are_back(
    holdfast: Run, database_url: str, tmp_path: Path
) -> None:
    """Members of the same kind: a session that was ended, a link that was used, a member who was removed.

    The server key is not in a backup, so the next start may bring another one.
    """
    with psycopg.connect(database_url) as connection:
        connection.execute(PEOPLE)
        connection.execute("UPDATE schema_generation SET key_fingerprint = 'x'")
    file = tmp_path / "people.backup"
    holdfast("db", "backup", file)
    assert holdfast("staff", "remove", "ada@example.org").code == 0
    restored = holdfast("db", "restore", file, "--force", "--json").json
    assert restored["members_returned"] == ["ada@example.org (main)"]
    for table in ("sessions", "refresh_tokens", "one_time_tokens"):
        assert fetch(database_url, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert fetch(database_url, "SELECT count(*) FROM memberships") == [(2,)]
    assert fetch(database_url, "SELECT key_fingerprint FROM schema_generation") == [(None,)]


PEOPLE = b"""
INSERT INTO accounts
SELECT id, name, '', name || '@example.org', name || '@example.org', 'scrypt', statement_timestamp()
FROM (VALUES (1001, 'ada'), (1002, 'grace')) AS people (id, name);
INSERT INTO memberships VALUES (1, 1001, 'box_office', NULL, now()), (1, 1002, 'owner', NULL, now());
INSERT INTO sessions VALUES (gen_random_uuid(), 'x', 1001, 1, now(), now(), 600, now() + interval '1 day', false);
INSERT INTO refresh_tokens SELECT 'x', id, '{}', now(), NULL, expires_at FROM sessions;
INSERT INTO one_time_tokens VALUES ('x', 'reset', 1001, NULL, NULL, '{}', now(), now() + interval '1 day');
"""


def test_a_backup_of_an_older_generation_is_restored(
    holdfast: Run, database_url: str, tmp_path: Path
) -> None:
    """It had no members and no sessions. Asking for them failed when the data was already replaced."""
    with psycopg.connect(database_url) as connection:
        connection.execute(b"DROP TABLE sessions, refresh_tokens, one_time_tokens, memberships")
    file = tmp_path / "older.backup"
    with file.open("wb") as target:
        backup.dump(database_url, target, bin_dir=embedded_bin_dir())
    done = holdfast("db", "restore", file, "--force", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["members_returned"] == []


def test_a_first_restore_lists_every_key(
    holdfast: Run, run: Run, empty_database_url: str, tmp_path: Path
) -> None:
    key = holdfast("keys", "create", "till", "--scope", "sell", "--json").json["id"]
    file = tmp_path / "keys.backup"
    holdfast("db", "backup", file)
    done = run("db", "restore", file, database_url=empty_database_url)
    assert key in done.out
    assert "keys revoke" in done.err
