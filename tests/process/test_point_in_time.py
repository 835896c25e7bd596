"""The drill of docs/guides/backup.md: a base backup, the archived log, and a restore to the moment before an accident.

Plain files and PostgreSQL's own programs, as the guide has them; pgBackRest does the same with more comfort. The
settings are read from the guide, so that what people copy is what is tried. Class of bug: a backup that cannot be
restored. Its members are the dump of `db backup` (tests/cli/test_db.py), the disk after a power cut (the proof), and
this one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from holdfast.process.folders import server_user
from holdfast.process.postgres_binaries import embedded_bin_dir
from holdfast.process.postgres_server import SUPERUSER, running_url
from holdfast_client import Client, Quantity
from support.serving import Serving, run_holdfast

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # four starts of a server, one of them a recovery

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "backup.md"
FOLDERS = "/var/backups/holdfast"


def settings(name: str, archive: Path) -> str:
    """Return a block of settings from the guide, with another folder for the archive."""
    found = re.search(rf"^```text\n# {name}\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None, name
    assert FOLDERS in found[1]
    return found[1].replace(FOLDERS, str(archive))


@contextmanager
def selling(data: Path) -> Iterator[Client]:
    with Serving(data) as server, Client(f"http://127.0.0.1:{server.port}") as client:
        yield client


def test_a_restore_ends_at_the_moment_before_the_accident(open_folder: Path) -> None:
    data, again, archive = (open_folder / name for name in ("data", "again", "archive"))
    for folder in (archive, archive / "wal"):
        folder.mkdir()
        give_to_postgres(folder)
    with selling(data) as client:
        event = client.create_event("Concert", capacity=100)
        client.confirm_hold(client.place_hold(event, Quantity(1)))
    configuration = data / "postgres" / "cluster" / "postgresql.conf"
    with configuration.open("a") as file:
        file.write(settings("archive", archive))

    with selling(data) as client:
        back_up(data, archive / "base")
        booking = client.confirm_hold(client.place_hold(event, Quantity(2)))
        moment = now(data)
        client.confirm_hold(client.place_hold(event, Quantity(4)))
        client.cancel_event(event)  # the accident
    shutil.rmtree(data / "postgres")  # the disk is lost, but for what was archived

    again.mkdir(mode=0o711)
    shutil.copy2(data / "secret_key", again)
    (again / "postgres").mkdir(mode=0o711)
    cluster = again / "postgres" / "cluster"
    shutil.copytree(archive / "base", cluster)
    (cluster / "recovery.signal").touch()
    with (cluster / "postgresql.conf").open("a") as file:
        file.write(settings("restore", archive).replace("2027-05-01 19:00:00+02", moment))
    for path in (cluster, *cluster.rglob("*")):
        shutil.chown(path, server_user().uid, server_user().gid)
    cluster.chmod(0o700)

    with selling(again) as client:
        assert run_holdfast("db", "new-epoch", data_dir=str(again)).returncode == 0
        assert client.get_event(event).status == "published"
        assert client.get_availability(event).booked == 3
        assert client.get_booking(booking.id).status == "confirmed"
        client.confirm_hold(client.place_hold(event, Quantity(8)))  # it sells again
        checked = run_holdfast("check", data_dir=str(again))
        assert checked.returncode == 0, checked.stdout + checked.stderr


def back_up(data: Path, to: Path) -> None:
    """Make a base backup as the user of Holdfast, over the socket of the embedded server."""
    done = subprocess.run(
        [
            str(embedded_bin_dir() / "pg_basebackup"),
            *("--host", str(data / "postgres" / "run"), "--username", SUPERUSER),
            *("--pgdata", str(to), "--checkpoint", "fast"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def now(data: Path) -> str:
    """Return the database's time, after which nothing has happened yet."""
    url = running_url(data / "postgres")
    assert url is not None
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT clock_timestamp()::text").fetchone()
    assert row is not None
    return str(row[0])


def give_to_postgres(folder: Path) -> None:
    shutil.chown(folder, server_user().uid, server_user().gid)
