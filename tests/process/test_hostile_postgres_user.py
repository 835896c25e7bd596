"""PostgreSQL runs as a less trusted user. What it leaves in its folder does not turn root against others.

Class of bug: files of a less trusted user, read or written by a more trusted one. We looked for every path below the
cluster and below the socket's folder in `process/`. The members: the access rules (now in our own folder), `PG_VERSION`
and `postmaster.pid` (read without links), the socket folder that the latter names (removed only if we made it), the
environment that PostgreSQL gets, and the lines of its log that a refusal quotes. Needs root.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from holdfast.process.errors import CannotStart
from holdfast.process.postgres_server import PostgresServer, running_url

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a less trusted user for PostgreSQL")


@pytest.fixture
def stopped(open_folder: Path) -> PostgresServer:
    """A server that has run and was stopped."""
    server = PostgresServer(open_folder / "postgres")
    server.start()
    server.stop()
    return server


@pytest.mark.parametrize("name", ["pg_hba.conf", "pg_ident.conf"])
def test_a_link_in_the_cluster_is_not_written_through(
    stopped: PostgresServer, open_folder: Path, name: str
) -> None:
    precious = open_folder / "precious"
    precious.write_text("precious")
    file = open_folder / "postgres" / "cluster" / name
    file.unlink()
    file.symlink_to(precious)
    with stopped as server, psycopg.connect(server.url):
        pass
    assert precious.read_text() == "precious"


def test_a_folder_that_the_pid_file_names_is_left_alone(stopped: PostgresServer, open_folder: Path) -> None:
    precious = open_folder / "holdfast-precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    outside = Path(tempfile.mkdtemp(prefix="holdfast-socket-of-root-", dir="/tmp"))
    try:
        for folder in (precious, outside):
            pid_file = open_folder / "postgres" / "cluster" / "postmaster.pid"
            pid_file.write_text(f"999999\n/x\n0\n5432\n{folder}\n\n0\nready\n")
            with stopped:
                pass
        assert (precious / "file").read_text() == "precious"
        assert outside.exists(), "it is not PostgreSQL's user's"
    finally:
        shutil.rmtree(outside)


def test_a_linked_version_file_gives_no_secret_away(stopped: PostgresServer, open_folder: Path) -> None:
    """A PIN looks like a version, which the refusal of another version quotes."""
    secret = open_folder / "secret"
    file = open_folder / "postgres" / "cluster" / "PG_VERSION"
    file.unlink()
    file.symlink_to(secret)
    for text in ("hunter22", "042"):
        secret.write_text(text)
        secret.chmod(0o600)
        with pytest.raises(CannotStart, match="PG_VERSION is not PostgreSQL's") as refused:
            stopped.start()
        assert text not in str(refused.value)


@pytest.mark.parametrize("name", ["postmaster.pid", "PG_VERSION"])
def test_a_fifo_does_not_stop_a_command(stopped: PostgresServer, open_folder: Path, name: str) -> None:
    file = open_folder / "postgres" / "cluster" / name
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    assert running_url(open_folder / "postgres") is None


def test_an_escape_sequence_does_not_reach_the_terminal(stopped: PostgresServer, open_folder: Path) -> None:
    """A refusal quotes PostgreSQL's log, and its user chooses what stands there."""
    settings = open_folder / "postgres" / "cluster" / "postgresql.conf"
    with settings.open("ab") as file:
        file.write(b"shared_preload_libraries = '\x1b]0;owned\x07'\n")
    with pytest.raises(CannotStart, match="owned") as refused:
        stopped.start()
    assert str(refused.value).isprintable()


def test_postgres_gets_no_secret(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOLDFAST_SECRET_KEY", "HOLDFAST_API_KEY", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, "hunter22")
    with PostgresServer(open_folder / "postgres") as server:
        given = Path(f"/proc/{server.pid}/environ").read_bytes().decode()
    assert "hunter22" not in given
    names = set(re.findall(r"(?:^|\0)([^=\0]+)=", given))
    assert names <= {"PATH", "HOME", "TMPDIR", "LC_ALL", "TZ"} | {
        each for each in names if each.startswith("LD_")
    }
