"""What keeps Holdfast from starting is said in one line, with a non-zero exit code."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

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
        ("port", "80000", "HOLDFAST_PORT should be less than or equal to 65535"),
        ("port", "web", "HOLDFAST_PORT should be a valid integer.*'web'"),
        ("workers", "0", "HOLDFAST_WORKERS should be greater"),
        ("open", "maybe", "HOLDFAST_OPEN should be a valid boolean"),
        ("log_level", "loud", "HOLDFAST_LOG_LEVEL should be 'debug', 'info', 'warning' or 'error'"),
        (
            "database_url",
            "mysql://root:hunter22@db/x",
            "HOLDFAST_DATABASE_URL must start with postgresql://$",
        ),
        ("secret_key", "hunter22", "HOLDFAST_SECRET_KEY must have at least 32 characters$"),
        ("batch_limit", "1000", "HOLDFAST_BATCH_LIMIT should be less than or equal to 256"),
        ("opne", "0", "HOLDFAST_OPNE is not a setting: is HOLDFAST_OPEN meant"),
    ],
)
def test_a_wrong_setting(name: str, value: str, pattern: str) -> None:
    """With the variable's name and the value, unless that is a secret."""
    done = run_holdfast("serve", **{name: value})
    refused(done, pattern)
    assert "hunter22" not in done.stderr


def test_a_port_in_use(open_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_holdfast("serve", "--port", str(port), data_dir=str(open_folder / "data"))
    refused(done, f"Port {port} of 127.0.0.1 cannot be listened on: address already in use")
    assert not (open_folder / "data" / "postgres").exists(), "nothing was begun"


def test_a_host_of_another_machine(open_folder: Path) -> None:
    refused(
        run_holdfast("serve", "--host", "192.0.2.1", "--port", "0", data_dir=str(open_folder / "data")),
        "192.0.2.1 cannot be listened on",
    )


def test_an_address_that_others_can_reach_without_any_key(open_folder: Path) -> None:
    """An open server must not be one typing mistake away from the network."""
    done = run_holdfast("serve", "--host", "0.0.0.0", "--port", "0", data_dir=str(open_folder / "data"))
    refused(
        done,
        "0.0.0.0 can be reached from other machines, and there is no API key yet: .*holdfast keys create",
    )


def test_a_data_directory_that_cannot_be_written() -> None:
    refused(run_holdfast("serve", data_dir="/proc/holdfast"), "/proc/holdfast cannot be written")


def test_a_folder_with_files_of_others_is_left_alone(open_folder: Path) -> None:
    """The kind: deleting and changing modes by name. Its mode stays, and its folder `metrics` too."""
    (open_folder / "metrics").mkdir()
    (open_folder / "metrics" / "theirs").write_text("precious")
    (open_folder / "holiday.jpg").write_text("precious")
    open_folder.chmod(0o755)
    refused(run_holdfast("serve", "--port", "0", data_dir=str(open_folder)), "holds files of others")
    assert (open_folder / "metrics" / "theirs").read_text() == "precious"
    assert open_folder.stat().st_mode & 0o777 == 0o755


def test_a_lost_secret_key_is_not_replaced_in_silence(open_folder: Path) -> None:
    """A new one would invalidate every hold token that was given out."""
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


def test_a_data_directory_that_is_a_file(open_folder: Path) -> None:
    (open_folder / "data").write_text("")
    refused(run_holdfast("serve", data_dir=str(open_folder / "data")), "a folder is needed there")


def test_a_database_url_without_a_secret_key() -> None:
    done = run_holdfast("serve", "--port", "0", database_url="postgresql://holdfast@127.0.0.1:9/none")
    refused(done, "HOLDFAST_SECRET_KEY is required with HOLDFAST_DATABASE_URL")


def test_a_database_that_does_not_answer() -> None:
    done = run_holdfast(
        "serve", "--port", "0", database_url="postgresql://holdfast:hunter22@127.0.0.1:9/none", secret_key=KEY
    )
    refused(done, "The database cannot be used: .*(refused|failed)")
    assert "hunter22" not in done.stderr


def test_a_database_that_was_never_migrated(empty_database_url: str) -> None:
    """Someone else's database is never changed by a start."""
    done = run_holdfast("serve", "--port", "0", database_url=empty_database_url, secret_key=KEY)
    refused(done, "not migrated: run `holdfast db upgrade`")


def test_a_database_too_new_for_this_server(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE schema_generation SET generation = 1000, oldest_server = 1000")
    done = run_holdfast("serve", "--port", "0", database_url=database_url, secret_key=KEY)
    refused(done, "update Holdfast")


def test_a_database_that_would_forget_a_commit(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "DO $$BEGIN EXECUTE format("
            "'ALTER DATABASE %I SET synchronous_commit = off', current_database()); END$$"
        )
    done = run_holdfast("serve", "--port", "0", database_url=database_url, secret_key=KEY)
    refused(done, "synchronous_commit = off")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_database_that_a_power_cut_would_damage(open_folder: Path, name: str) -> None:
    with PostgresServer(open_folder / "postgres", settings={name: "off"}) as server:
        from holdfast.postgres.schema import upgrade

        upgrade(server.url)
        done = run_holdfast("serve", "--port", "0", database_url=server.url, secret_key=KEY)
    refused(done, f"{name} = off")


@pytest.mark.parametrize("group", [(), ("db",), ("event",)])
def test_no_command_shows_the_help_and_no_complaint(group: tuple[str, ...]) -> None:
    done = run_holdfast(*group)
    assert (done.returncode, done.stderr) == (2, "")
    assert "Commands" in done.stdout


def test_wrong_usage_is_one_line_and_exit_code_2() -> None:
    refused(run_holdfast("serve", "--prot", "1"), r"No such option: --prot.*See `.*serve --help`", code=2)
    refused(run_holdfast("serev"), "No such command 'serev'", code=2)
