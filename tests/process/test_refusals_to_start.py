"""Holdfast reports each obstacle to its start in one line, with a non-zero exit code."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
from pathlib import Path

import httpx2
import psycopg
import pytest

from holdfast.process.folders import server_user
from holdfast.process.postgres_server import PostgresServer
from support.serving import Serving, run_holdfast

KEY = "k" * 40


def refused(done: subprocess.CompletedProcess[str], pattern: str, *, code: int = 1) -> None:
    assert done.returncode == code, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("holdfast: ")
    assert re.search(pattern, line), line


@pytest.mark.parametrize(
    ("name", "value", "pattern"),
    [
        ("port", "80000", "HOLDFAST_PORT must be at most 65535"),
        ("port", "web", "HOLDFAST_PORT must be an integer.*'web'"),
        ("workers", "0", "HOLDFAST_WORKERS must be 1 or more"),
        ("open", "maybe", "HOLDFAST_OPEN must be true or false"),
        ("log_level", "loud", "HOLDFAST_LOG_LEVEL must be `debug`, `info`, `warning` or `error`"),
        (
            "database_url",
            "mysql://root:hunter22@db/x",
            "HOLDFAST_DATABASE_URL must start with postgresql://$",
        ),
        ("secret_key", "hunter22", "HOLDFAST_SECRET_KEY must have at least 32 characters$"),
        ("batch_limit", "1000", "HOLDFAST_BATCH_LIMIT must be at most 256"),
        ("opne", "0", "HOLDFAST_OPNE is not a setting. Did you mean HOLDFAST_OPEN"),
    ],
)
def test_a_wrong_setting_is_refused(name: str, value: str, pattern: str) -> None:
    """The line has the variable's name and its value, unless that is a secret."""
    done = run_holdfast("serve", **{name: value})
    refused(done, pattern)
    assert "hunter22" not in done.stderr


def test_a_port_in_use_is_refused(open_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_holdfast("serve", "--port", str(port), data_dir=str(open_folder / "data"))
    refused(done, f"Cannot listen on 127.0.0.1:{port}: address already in use")
    assert not (open_folder / "data" / "postgres").exists(), "the refusal came after a start"


def test_a_host_of_another_machine_is_refused(open_folder: Path) -> None:
    refused(
        run_holdfast("serve", "--host", "192.0.2.1", "--port", "0", data_dir=str(open_folder / "data")),
        "Cannot listen on 192.0.2.1:0",
    )


def test_a_public_address_without_any_key_is_refused(open_folder: Path) -> None:
    """A typing mistake must not expose an open server to the network."""
    done = run_holdfast("serve", "--host", "0.0.0.0", "--port", "0", data_dir=str(open_folder / "data"))
    refused(
        done,
        "0.0.0.0 can be reached from other machines, and there is no API key yet: .*holdfast keys create",
    )


def test_a_closed_server_starts_on_a_public_address_without_any_key(open_folder: Path) -> None:
    """A platform starts it so. Nobody is staff, and a warning says what to do."""
    with Serving(open_folder / "data", host="0.0.0.0", open="0") as server:
        assert any(" Mode: closed" in line for line in server.said), server.said
        assert any("[warning" in line and "holdfast keys create" in line for line in server.said), server.said
        (port,) = re.findall(r"http://0\.0\.0\.0:(\d+)", "\n".join(server.said))
        answer = httpx2.post(f"http://127.0.0.1:{port}/v1/events", json={"name": "a", "capacity": 1})
        assert answer.status_code == 401


def test_an_unwritable_data_directory_is_refused() -> None:
    refused(run_holdfast("serve", data_dir="/proc/holdfast"), "/proc/holdfast cannot be written")


def test_a_folder_with_foreign_files_is_left_alone(open_folder: Path) -> None:
    """Class of bug: deletes and mode changes by name. The folder keeps its mode and its `metrics`."""
    (open_folder / "metrics").mkdir()
    (open_folder / "metrics" / "theirs").write_text("precious")
    (open_folder / "holiday.jpg").write_text("precious")
    open_folder.chmod(0o755)
    refused(run_holdfast("serve", "--port", "0", data_dir=str(open_folder)), "holds files of others")
    assert (open_folder / "metrics" / "theirs").read_text() == "precious"
    assert open_folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "entries", [("postgres/data/base",), ("postgres/Dockerfile", "lock"), ("lock", "notes")]
)
def test_a_folder_with_names_like_ours_is_left_alone(open_folder: Path, entries: tuple[str, ...]) -> None:
    """A member of the same kind: another program's `postgres` beside nothing else looked like ours."""
    folder = open_folder / "srv"
    folder.mkdir(mode=0o755)
    for entry in entries:
        (folder / entry).parent.mkdir(parents=True, exist_ok=True)
        (folder / entry).write_text("precious")
    refused(run_holdfast("serve", "--port", "0", data_dir=str(folder)), "holds files of others")
    assert [(folder / entry).read_text() for entry in entries] == ["precious"] * len(entries)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("mode", "kept"), [(0o755, 0o755), (0o1777, 0o1777), (0o777, 0o755), (0o2775, 0o2755), (0o750, 0o751)]
)
def test_an_existing_data_directory_keeps_its_mode(open_folder: Path, mode: int, kept: int) -> None:
    """But others must not rename what is ours. The rest of a folder such as an empty /srv or /tmp is not ours."""
    folder = open_folder / "srv"
    folder.mkdir()
    folder.chmod(mode)
    with Serving(folder):
        expected = kept if not server_user().is_caller or mode != 0o750 else mode
        assert stat.S_IMODE(folder.stat().st_mode) == expected


@pytest.mark.parametrize("kind", ["folder", "FIFO", "device"])
def test_a_secret_key_that_is_no_file_is_named(open_folder: Path, kind: str) -> None:
    """A container makes a folder where a mount names no existing file, which was a traceback. The others hung."""
    path = open_folder / "data" / "secret_key"
    path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    refused(run_holdfast("serve", "--port", "0", data_dir=str(path.parent)), "secret_key must be a file")


def test_another_secret_key_of_the_environment_is_refused(open_folder: Path) -> None:
    """It was taken, and every hold token and cursor became invalid. The same for one that is given no more."""
    data = open_folder / "data"
    with Serving(data, secret_key=KEY):
        pass
    other = run_holdfast("serve", "--port", "0", data_dir=str(data), secret_key="o" * 40)
    refused(other, "HOLDFAST_SECRET_KEY is not the key .*restore it")
    refused(run_holdfast("serve", "--port", "0", data_dir=str(data)), "secret_key is missing .*restore it")
    with Serving(data, secret_key=KEY):
        pass


def test_another_secret_key_for_the_same_database_is_refused(open_folder: Path, database_url: str) -> None:
    """Class of bug: a precondition that is written and not checked. Each server made links and secrets that the other
    one did not know."""
    on = {"database_url": database_url}
    with (
        Serving(open_folder / "one", secret_key=KEY, **on),
        Serving(open_folder / "two", secret_key=KEY, **on),
    ):
        other = run_holdfast("serve", "--port", "0", secret_key="o" * 40, **on)
    refused(other, "HOLDFAST_SECRET_KEY is not the key that this database was served with: .*forget-key")
    assert run_holdfast("db", "forget-key", **on).returncode == 2
    assert run_holdfast("db", "forget-key", "--yes", **on).returncode == 0
    with Serving(open_folder / "one", secret_key="o" * 40, **on):
        pass


def test_a_lost_secret_key_is_not_replaced_silently(open_folder: Path) -> None:
    """A new key would invalidate every hold token that buyers have."""
    data = open_folder / "data"
    with Serving(data):
        pass
    (data / "secret_key").rename(data / "secret_key.part")
    refused(run_holdfast("serve", "--port", "0", data_dir=str(data)), "secret_key is missing .*restore it")
    (data / "secret_key").write_text("another key of more than 32 characters")
    refused(
        run_holdfast("serve", "--port", "0", data_dir=str(data)), "secret_key is not the key .*restore it"
    )
    (data / "secret_key.part").rename(data / "secret_key")
    with Serving(data):
        pass


def test_a_file_as_data_directory_is_refused(open_folder: Path) -> None:
    (open_folder / "data").write_text("")
    refused(run_holdfast("serve", data_dir=str(open_folder / "data")), "a folder is needed there")


def test_a_database_url_without_a_secret_key_is_refused() -> None:
    done = run_holdfast("serve", "--port", "0", database_url="postgresql://holdfast@127.0.0.1:9/none")
    refused(done, "HOLDFAST_SECRET_KEY is required with HOLDFAST_DATABASE_URL")


def test_an_unreachable_database_is_refused_without_its_password() -> None:
    done = run_holdfast(
        "serve", "--port", "0", database_url="postgresql://holdfast:hunter22@127.0.0.1:9/none", secret_key=KEY
    )
    refused(done, "The database cannot be used: .*(refused|failed)")
    assert "hunter22" not in done.stderr


def test_an_unmigrated_database_is_refused(empty_database_url: str) -> None:
    """A start never changes a database that is not embedded."""
    done = run_holdfast("serve", "--port", "0", database_url=empty_database_url, secret_key=KEY)
    refused(done, "not migrated: run `holdfast db upgrade`")


def test_a_database_with_a_newer_schema_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE schema_generation SET generation = 1000, oldest_server = 1000")
    done = run_holdfast("serve", "--port", "0", database_url=database_url, secret_key=KEY)
    refused(done, "update Holdfast")


def test_a_database_with_asynchronous_commit_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "DO $$BEGIN EXECUTE format("
            "'ALTER DATABASE %I SET synchronous_commit = off', current_database()); END$$"
        )
    done = run_holdfast("serve", "--port", "0", database_url=database_url, secret_key=KEY)
    refused(done, "synchronous_commit = off")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_database_that_a_power_cut_can_damage_is_refused(open_folder: Path, name: str) -> None:
    with PostgresServer(open_folder / "postgres", settings={name: "off"}) as server:
        done = run_holdfast("serve", "--port", "0", database_url=server.url, secret_key=KEY)
    refused(done, f"{name} = off")


@pytest.mark.parametrize("group", [(), ("db",), ("event",)])
def test_a_missing_command_shows_the_help_without_an_error(group: tuple[str, ...]) -> None:
    done = run_holdfast(*group)
    assert (done.returncode, done.stderr) == (2, "")
    assert "Commands" in done.stdout


def test_wrong_usage_is_one_line_with_exit_code_2() -> None:
    refused(run_holdfast("serve", "--prot", "1"), r"No such option: --prot.*See `.*serve --help`", code=2)
    refused(run_holdfast("serev"), "No such command 'serev'", code=2)
