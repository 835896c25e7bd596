"""The embedded PostgreSQL server: one cluster, one owner, and a working restart after any kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from holdfast.postgres.doctor import examine
from holdfast.process.errors import CannotStart
from holdfast.process.postgres_binaries import embedded_bin_dir
from holdfast.process.postgres_server import PostgresServer, _quick_recovery, running_url
from holdfast.process.processes import end_process, is_running
from support.postgres import TestDatabases
from support.started import started


@pytest.fixture
def folder(open_folder: Path) -> Path:
    return open_folder / "postgres"


@pytest.fixture
def bin_dir() -> Path | None:
    chosen = os.environ.get("HOLDFAST_TEST_POSTGRES_BIN")
    return Path(chosen) if chosen else None


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_a_cluster_is_durable_with_checksums_and_code_point_order(databases: TestDatabases) -> None:
    """The defaults are safe, and an order never depends on the machine's locale."""
    url = databases.server.url
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert one(url, f"SHOW {name}") == "on"
    assert one(url, "SHOW server_encoding") == "UTF8"
    ordered = "SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['b','a','Z','é','10','9']) x"
    assert one(url, ordered) == "109Zabé"


def test_a_new_segment_of_the_log_holds_up_no_sale_for_long(databases: TestDatabases) -> None:
    """A commit fills a new segment with zeros. So segments are small, and enough old ones are kept for a rush."""
    assert one(databases.server.url, "SHOW wal_segment_size") == "1MB"
    assert one(databases.server.url, "SHOW min_wal_size") == "256MB"


def test_the_doctor_warns_of_a_database_that_keeps_little_of_its_log(
    folder: Path, bin_dir: Path | None
) -> None:
    server = PostgresServer(folder, bin_dir=bin_dir, settings={"min_wal_size": "80MB"})
    server.start()
    try:
        advice = [each.text for each in examine(server.url, connections=8) if each.verdict == "warning"]
    finally:
        server.stop()
    assert any(text.startswith("min_wal_size is 80 MB") for text in advice)


def test_holdfast_connects_as_an_ordinary_role(databases: TestDatabases) -> None:
    """A wrong statement cannot read files or start programs."""
    assert one(databases.server.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    admin = databases.server.url_of("postgres", role="postgres")
    assert one(admin, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True


def test_the_server_does_not_listen_on_the_network(databases: TestDatabases) -> None:
    assert one(databases.server.url, "SHOW listen_addresses") == ""


def test_a_second_start_keeps_the_data(folder: Path, bin_dir: Path | None) -> None:
    with PostgresServer(folder, bin_dir=bin_dir) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.commit()
    assert running_url(folder) is None
    with PostgresServer(folder, bin_dir=bin_dir) as server:
        assert one(server.url, "SELECT count(*) FROM kept") == 0
        assert running_url(folder) == server.url


def test_a_second_server_on_the_same_folder_is_refused(folder: Path, bin_dir: Path | None) -> None:
    with PostgresServer(folder, bin_dir=bin_dir) as first:
        with pytest.raises(CannotStart, match="in use by another Holdfast server"):
            PostgresServer(folder, bin_dir=bin_dir).start()
        assert first.is_alive


def test_a_killed_postmaster_is_replaced_at_once(folder: Path, bin_dir: Path | None) -> None:
    """Its orphaned sessions do not block the next one, and committed data survives."""
    with PostgresServer(folder, bin_dir=bin_dir) as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.commit()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert server._process is not None
        server._process.wait()
        server.start()
        assert one(server.url, "SELECT count(*) FROM kept") == 0


def test_a_start_ends_processes_of_a_killed_supervisor(folder: Path, bin_dir: Path | None) -> None:
    """An orphaned postmaster would block the next start."""
    script = (
        "import sys, pathlib; from holdfast.process.postgres_server import PostgresServer\n"
        "server = PostgresServer(pathlib.Path(sys.argv[1]), "
        "bin_dir=pathlib.Path(sys.argv[2]) if sys.argv[2] else None)\n"
        "server.start(); print(server.pid, flush=True); sys.stdin.read()"
    )
    with started(
        [sys.executable, "-c", script, str(folder), str(bin_dir or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        postmaster = int(parent.stdout.readline())
        # A stopped process cannot react to its parent's death.
        os.kill(postmaster, signal.SIGSTOP)
        parent.kill()
        parent.wait()
        assert is_running(postmaster)
        with PostgresServer(folder, bin_dir=bin_dir) as server:
            assert not is_running(postmaster)
            assert one(server.url, "SELECT 1") == 1


def test_stale_lock_files_after_a_power_cut_block_no_start(folder: Path, bin_dir: Path | None) -> None:
    """The lock files may be empty, or name the id of another program, perhaps of the same user."""
    with PostgresServer(folder, bin_dir=bin_dir) as server:
        assert server.pid is not None
        user = Path(f"/proc/{server.pid}").stat()
        locks = [folder / "cluster" / "postmaster.pid", folder / "run" / ".s.PGSQL.5432.lock"]
        kept = [lock.read_text() for lock in locks]
        owner = locks[0].stat()
    other = subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=user.st_uid, group=user.st_gid)
    try:
        for texts in ([str(other.pid) + "\n" + text.split("\n", 1)[1] for text in kept], ["", ""]):
            for lock, text in zip(locks, texts, strict=True):
                lock.write_text(text)
                os.chown(lock, owner.st_uid, owner.st_gid)
            with PostgresServer(folder, bin_dir=bin_dir) as server:
                assert one(server.url, "SELECT 1") == 1
    finally:
        other.communicate()


def test_a_server_follows_its_parent(folder: Path, bin_dir: Path | None) -> None:
    """PostgreSQL stops cleanly by itself when its supervisor is killed."""
    if sys.platform != "linux":
        pytest.skip("only Linux notifies a child of its parent's death")
    script = (
        "import os, sys, pathlib; from holdfast.process.postgres_server import PostgresServer\n"
        "server = PostgresServer(pathlib.Path(sys.argv[1]), "
        "bin_dir=pathlib.Path(sys.argv[2]) if sys.argv[2] else None)\n"
        "server.start(); print(server.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(bin_dir or "")],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert end_process(int(done.stdout), (None, 20.0))
    assert not (folder / "cluster" / "postmaster.pid").exists()


def test_a_stop_during_a_recovery_ends_it(folder: Path, bin_dir: Path | None) -> None:
    """PostgreSQL 18 never ends on a fast stop during recovery. Committed data survives our immediate stop."""
    for _ in range(20):  # a quick recovery may be over before the stop
        with PostgresServer(folder, bin_dir=bin_dir) as server:
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
                connection.execute("DROP TABLE IF EXISTS much")
                connection.execute(
                    "CREATE TABLE much AS SELECT generate_series(1, 200000)"
                )  # work for the recovery
                os.kill(connection.info.backend_pid, signal.SIGKILL)
                with pytest.raises(psycopg.OperationalError):
                    connection.execute("SELECT 1")
            while not server._is_recovering() and "ready to accept" not in since_crash(server):
                pass
        if "received immediate shutdown request" in server.log_path.read_text():
            break
    with PostgresServer(folder, bin_dir=bin_dir) as server:
        assert one(server.url, "SELECT count(*) FROM kept") == 0
    assert "received immediate shutdown request" in server.log_path.read_text()


def since_crash(server: PostgresServer) -> str:
    return server.log_path.read_text().rpartition("terminated by signal 9")[2]


@pytest.mark.parametrize(
    ("sysname", "release", "method"),
    [
        ("Linux", "6.1.0-28-amd64", "syncfs"),
        ("Linux", "5.8", "syncfs"),
        ("Linux", "5.4.0-200-generic", None),
        ("Darwin", "23.1.0", None),
    ],
)
def test_quick_recovery_needs_a_kernel_that_reports_errors(
    sysname: str, release: str, method: str | None
) -> None:
    system = os.uname_result((sysname, "node", release, "#1", "x86_64"))
    assert _quick_recovery(system).get("recovery_init_sync_method") == method


def test_programs_in_a_private_folder_are_copied(open_folder: Path) -> None:
    """A checkout in root's home works, although PostgreSQL's user cannot enter that folder."""
    if os.geteuid() != 0:
        pytest.skip("only root runs PostgreSQL as someone else")
    private = open_folder / "private"
    installed = embedded_bin_dir()
    package = installed.parent.parent
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), private / name, symlinks=True)
    private.chmod(0o700)
    hidden = private / package.name / installed.parent.name / "bin"
    for _ in range(2):
        with PostgresServer(open_folder / "postgres", bin_dir=hidden) as server:
            assert one(server.url, "SELECT 1") == 1


def test_a_cluster_of_another_major_version_is_refused(folder: Path, bin_dir: Path | None) -> None:
    with PostgresServer(folder, bin_dir=bin_dir):
        pass
    (folder / "cluster" / "PG_VERSION").write_text("9\n")
    with pytest.raises(CannotStart, match="was made by PostgreSQL 9"):
        PostgresServer(folder, bin_dir=bin_dir).start()


def test_a_failed_start_reports_the_reason(folder: Path, bin_dir: Path | None) -> None:
    """Without waiting for a timeout."""
    with pytest.raises(CannotStart, match="max_connections"):
        PostgresServer(folder, bin_dir=bin_dir, settings={"max_connections": "none"}).start()
    with PostgresServer(folder, bin_dir=bin_dir) as server:
        assert server.is_alive


def test_a_path_too_long_for_a_socket_works(folder: Path, bin_dir: Path | None) -> None:
    deep = folder / ("a" * 60) / ("b" * 60)
    with PostgresServer(deep, bin_dir=bin_dir) as server:
        assert one(server.url, "SELECT 1") == 1
        assert running_url(deep) == server.url
