"""`holdfast db`: a restore brings back the complete backup, and nothing is overwritten by mistake."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from holdfast.postgres import backup
from holdfast.process.postgres_binaries import embedded_bin_dir
from support.commands import Run
from support.house_of import fetch
from support.postgres import TestDatabases
from support.terminal import in_terminal


@pytest.fixture
def sold(holdfast: Run) -> None:
    holdfast("event", "create", "Concert", "--capacity", 5)
    holdfast("keys", "create", "till", "--scope", "sell")


def test_upgrade_migrates_an_empty_database_once(run: Run, empty_database_url: str) -> None:
    on = {"database_url": empty_database_url}
    unusable = run("db", "status", "--json", **on)
    assert (unusable.code, unusable.json["is_usable"], unusable.json["schema"]) == (1, False, None)
    assert run("db", "upgrade", "--json", **on).json["schema_before"] is None
    again = run("db", "upgrade", "--json", **on).json
    assert again["schema_before"] == again["schema"]
    assert run("db", "status", "--json", **on).json["is_usable"]


def test_doctor_names_each_problem_and_exits_with_1(
    run: Run, database_url: str, empty_database_url: str
) -> None:
    good = run("db", "doctor", database_url=database_url)
    assert good.code == 0
    assert good.out.splitlines()[0] == "ok       version"
    bad = run("db", "doctor", "--json", database_url=empty_database_url)
    assert bad.code == 1
    assert {"check": "schema", "verdict": "problem"}.items() <= next(
        each.items() for each in bad.json if each["verdict"] == "problem"
    )


@pytest.mark.parametrize("bin_dir", [embedded_bin_dir(), None], ids=["18", "an older pg_dump"])
def test_a_backup_brings_no_extension(
    databases: TestDatabases,
    database_url: str,
    empty_database_url: str,
    tmp_path: Path,
    bin_dir: Path | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a superuser makes this one, and Citus exists only on a server that was started for it."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(databases.server.url_of(str(name), role="postgres"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_prewarm")
    if bin_dir is None:
        monkeypatch.setattr(backup, "_knows_extensions", lambda _: False)
    with (tmp_path / "file").open("wb") as file:
        backup.dump(database_url, file, bin_dir=embedded_bin_dir())
    backup.restore(empty_database_url, tmp_path / "file", bin_dir=embedded_bin_dir())
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT extname FROM pg_extension").fetchall() == [("plpgsql",)]


def test_a_distributed_database_is_not_restored_into(
    holdfast: Run, sold: None, database_url: str, tmp_path: Path
) -> None:
    """It would succeed, and leave plain tables on the coordinator without a word."""
    file = tmp_path / "sales.backup"
    holdfast("db", "backup", file)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA citus")
        connection.execute("CREATE TABLE citus.pg_dist_node (nodeid int)")
        connection.execute(
            "CREATE TABLE citus.pg_dist_partition AS SELECT 'events'::regclass AS logicalrelid"
        )
        name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
        connection.execute(f"ALTER DATABASE {name} SET search_path = public, citus".encode())
    assert "Citus has distributed this database" in holdfast("db", "restore", file, "--force").complaint
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)


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


def test_backup_keeps_an_existing_file_without_force(holdfast: Run, sold: None, tmp_path: Path) -> None:
    file = tmp_path / "sales.backup"
    file.write_text("precious")
    assert "--force" in holdfast("db", "backup", file).complaint
    assert file.read_text() == "precious"
    assert holdfast("db", "backup", file, "--force").code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_failed_backup_leaves_no_file(
    holdfast: Run, run: Run, empty_database_url: str, tmp_path: Path
) -> None:
    assert "db upgrade" in run("db", "backup", tmp_path / "a", database_url=empty_database_url).complaint
    assert "cannot be written" in holdfast("db", "backup", tmp_path / "no" / "a").complaint
    assert list(tmp_path.iterdir()) == []


def test_restore_of_a_missing_file_is_refused(holdfast: Run, tmp_path: Path) -> None:
    assert "There is no file" in holdfast("db", "restore", tmp_path / "nothing").complaint


def test_a_backup_through_a_link_keeps_the_link(holdfast: Run, sold: None, tmp_path: Path) -> None:
    """Class of bug: write to a scratch file and rename. Also: FIFOs, devices, standard output, broken links."""
    (tmp_path / "disk").mkdir()
    link = tmp_path / "latest.dump"
    link.symlink_to(tmp_path / "disk" / "sales.backup")
    assert holdfast("db", "backup", link).code == 0
    assert link.is_symlink()
    assert (tmp_path / "disk" / "sales.backup").read_bytes().startswith(b"PGDMP")
    assert "--force" in holdfast("db", "backup", link).complaint
    assert holdfast("db", "backup", link, "--force").code == 0
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["sales.backup"]


def test_a_backup_into_a_fifo_is_streamed(holdfast: Run, sold: None, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    assert holdfast("db", "backup", fifo, "--force").code == 0
    reader.join(30)
    assert read[0].startswith(b"PGDMP")
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_backup_into_a_device_keeps_the_device(holdfast: Run, sold: None) -> None:
    assert holdfast("db", "backup", "/dev/null", "--force").code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_backup_to_a_dash_is_standard_output(database_url: str, sold: None, tmp_path: Path) -> None:
    program = "from holdfast.cli.main import main; main()"
    environment = {**os.environ, "HOLDFAST_DATABASE_URL": database_url}
    done = subprocess.run(
        [sys.executable, "-c", program, "db", "backup", "-"],
        capture_output=True,
        env=environment,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout.startswith(b"PGDMP")
    assert list(tmp_path.iterdir()) == []


def test_restore_refuses_a_newer_schema_before_it_drops_anything(
    holdfast: Run, run: Run, sold: None, database_url: str, databases: object, tmp_path: Path
) -> None:
    file = tmp_path / "newer.backup"
    newer = databases.create()  # type: ignore[attr-defined]  # a TestDatabases
    with psycopg.connect(newer) as connection:
        connection.execute("UPDATE schema_generation SET generation = 99, oldest_server = 99")
    with file.open("wb") as target:
        backup.dump(newer, target, bin_dir=embedded_bin_dir())
    assert "update Holdfast first" in holdfast("db", "restore", file, "--force").complaint
    assert fetch(database_url, "SELECT name FROM events") == [("Concert",)]


def piped(database_url: str, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command as a part of a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "holdfast.cli.main", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, "HOLDFAST_DATABASE_URL": database_url},
        check=False,
    )


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
    file, fifo = tmp_path / "sales.backup", tmp_path / "fifo"
    holdfast("db", "backup", file)
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(file.read_bytes()))
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


@pytest.mark.parametrize(
    "command", [("check",), ("event", "list"), ("event", "create", "X"), ("keys", "list"), ("db", "status")]
)
def test_other_commands_make_no_database(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """In a wrong folder, `check` reported that 0 events agree. Only serve, demo, upgrade and restore make one."""
    complaint = run(*command, data_dir=tmp_path / "data").complaint
    assert "There is no database in" in complaint
    assert not (tmp_path / "data").exists()


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


def test_a_first_restore_lists_every_key(
    holdfast: Run, run: Run, empty_database_url: str, tmp_path: Path
) -> None:
    key = holdfast("keys", "create", "till", "--scope", "sell", "--json").json["id"]
    file = tmp_path / "keys.backup"
    holdfast("db", "backup", file)
    done = run("db", "restore", file, database_url=empty_database_url)
    assert key in done.out
    assert "keys revoke" in done.err
