"""`holdfast db`: a database is made, described and backed up, and nothing is overwritten by mistake."""

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
from support.postgres import TestDatabases


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


@pytest.mark.parametrize(
    "command", [("check",), ("event", "list"), ("event", "create", "X"), ("keys", "list"), ("db", "status")]
)
def test_other_commands_make_no_database(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """In a wrong folder, `check` reported that 0 events agree. Only serve, demo, upgrade and restore make one."""
    complaint = run(*command, data_dir=tmp_path / "data").complaint
    assert "There is no database in" in complaint
    assert not (tmp_path / "data").exists()
