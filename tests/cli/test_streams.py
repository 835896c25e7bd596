"""Standard streams as a caller hands them down: closed, full, in another encoding.

The kind of error: an inherited state that breaks a command, or changes what it writes. Tried by hand beside these
cases: each stream closed alone and all at once, `/dev/full`, `head`, `LC_ALL=C` without UTF-8 mode, `LANG` of
ISO-8859-1, `PYTHONIOENCODING`, `TERM=dumb`, a umask of 777, 20 open files, no `HOME`, no `PATH`, and a working
directory that is gone.
"""

from __future__ import annotations

import fcntl
import os
import select
import subprocess
from pathlib import Path

import pytest

from support.serving import PROGRAM, environment, run_holdfast
from support.started import started

NAME = "Night 🫨 明"


@pytest.fixture
def settings(database_url: str) -> dict[str, str]:
    """The environment of a command over a database with one event."""
    settings = environment(database_url=database_url, secret_key="of the tests " * 4)
    made = command(settings, "event", "create", NAME, "--capacity", "3")
    assert made.returncode == 0, made.stderr
    return settings


def command(
    settings: dict[str, str], *arguments: str, redirect: str = ""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirect}', "sh", *PROGRAM, *arguments],
        env=settings,
        capture_output=True,
        check=False,
        timeout=60,
    )


LOCALES = (
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1:strict"},
)


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_a_pipe_gets_the_same_bytes_in_each_locale(settings: dict[str, str], form: tuple[str, ...]) -> None:
    expected = command(settings, "event", "list", *form)
    assert NAME in expected.stdout.decode()
    for locale in LOCALES:
        found = command(settings | locale, "event", "list", *form)
        assert (found.stdout, found.stderr, found.returncode) == (expected.stdout, b"", 0)


@pytest.mark.parametrize("redirect", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_result(settings: dict[str, str], redirect: str) -> None:
    expected = command(settings, "event", "list")
    found = command(settings, "event", "list", redirect=redirect)
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout == (b"" if ">&-" in redirect.split() else expected.stdout)


def test_an_error_is_not_written_into_the_output_of_a_closed_one(settings: dict[str, str]) -> None:
    found = command(settings, "event", "show", "999", redirect="2>&-")
    assert (found.returncode, found.stdout) == (1, b"")


def test_a_full_disk_behind_the_output_is_named(settings: dict[str, str]) -> None:
    found = command(settings, "event", "list", redirect=">/dev/full")
    assert found.returncode == 1
    assert found.stderr == b"holdfast: The output cannot be written: No space left on device.\n"


def test_a_pipe_that_does_not_block_gets_everything() -> None:
    """A program that shares the terminal or the pipe may have set O_NONBLOCK, which is not of a process but of the
    open file. A full pipe was a traceback, and the rest was lost. The other program keeps its setting."""
    expected = run_holdfast("rush", "--help").stdout
    reading, writing = os.pipe()
    room = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4_096)
    os.set_blocking(writing, False)
    os.write(writing, b"." * room)
    with started([*PROGRAM, "rush", "--help"], stdout=writing, stderr=subprocess.PIPE) as process:
        for _ in range(3_000):
            if process.poll() is not None or "pipe_write" in Path(f"/proc/{process.pid}/wchan").read_text():
                break
            select.select([], [], [], 0.01)
        assert not os.get_blocking(writing)
        os.close(writing)
        with os.fdopen(reading) as stream:
            assert stream.read() == "." * room + expected
        assert process.wait(60) == 0


def test_a_command_in_a_folder_that_is_gone_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    found = subprocess.run(
        ["/bin/sh", "-c", 'cd "$0" && rmdir "$0" && "$@"', str(folder), *PROGRAM, "db", "status"],
        env=environment() | {"PYTHONPATH": os.pathsep.join(filter(os.path.isabs, _python_path()))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stderr == (
        "holdfast: The current folder no longer exists: change to another one, "
        "and set HOLDFAST_DATA_DIR to an absolute path.\n"
    )


def _python_path() -> list[str]:
    return os.environ.get("PYTHONPATH", "").split(os.pathsep)
