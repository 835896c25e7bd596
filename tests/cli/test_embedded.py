"""Commands on the embedded database, with and without a running server."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from support.command_lines import check_command_line
from support.commands import Run
from support.serving import Serving, environment


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-cli-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_commands_work_without_a_running_server(run: Run, data_dir: Path, tmp_path: Path) -> None:
    """Each command starts the embedded PostgreSQL for itself, a backup and a restore too."""
    on = {"data_dir": data_dir}
    assert run("db", "upgrade", **on).code == 0
    assert run("event", "create", "Concert", "--capacity", 5, **on).code == 0
    assert run("db", "backup", tmp_path / "backup", **on).code == 0
    assert run("db", "restore", tmp_path / "backup", "--force", **on).code == 0
    assert run("event", "list", "--json", **on).json[0]["name"] == "Concert"
    status = run("db", "status", "--json", **on).json
    assert (status["database"], status["is_usable"], status["postgresql"].partition(".")[0]) == (
        "embedded",
        True,
        "18",
    )


def test_the_mailbox_shows_links_of_the_running_server(run: Run, data_dir: Path) -> None:
    """The port is that of `holdfast serve --port`, which the command was not given. Later it is the last one's."""
    on = {"data_dir": data_dir}
    with Serving(data_dir) as server:
        link = f"http://127.0.0.1:{server.port}/invitation#"
        assert run("staff", "invite", "grace@example.org", "door", **on).code == 0
        (mail,) = run("mailbox", "--json", **on).json
        assert link in mail["text"]
        (mail,) = run("mailbox", "--json", port=81, **on).json
        assert "http://127.0.0.1:81/invitation#" in mail["text"]
    (mail,) = run("mailbox", "--json", **on).json
    assert link in mail["text"]


def test_the_lines_of_demo_sell_two_seats(run: Run, data_dir: Path, tmp_path: Path) -> None:
    """A shell runs the printed lines one after the other: look, hold, book, history.

    The command was not given the port of `holdfast serve --port`. `mailbox` and `rush` name an address, too.
    """
    with Serving(data_dir) as server:
        on = {"data_dir": data_dir}
        demo = run("demo", "--json", **on).json
        assert (demo["seats"], demo["standing"]) == (10_156, 2_000)
        answers = _type(demo["steps"])
        assert demo["urls"]["shop"] == f"http://127.0.0.1:{server.port}/whats-on"
        assert len(demo["programme"]) == 5
        assert answers["Look"]["available"] == demo["seats"] + demo["standing"]
        assert answers["Hold"]["quantity"] == 2
        assert answers["Book"]["status"] == "confirmed"
        assert [item["change"] for item in answers["History"]["items"]] == ["held", "booked"]
        assert run("watch", demo["number"], "--once", "--json", **on).json["booked"] == 2
        assert run("check", **on).code == 0
        plain = run("demo", **on).out
        assert "Start the server" not in plain
        check_command_line(plain.splitlines()[-1])
        assert "stop it first" in _backed_up_and_restored(run, tmp_path / "backup", on)


def test_demo_makes_the_shop_alive(run: Run, data_dir: Path) -> None:
    """There is something to buy, something sold out, and something to wait for. A second demo adds only an arena."""
    with Serving(data_dir) as server:
        on = {"data_dir": data_dir, "port": server.port}
        assert len(run("demo", "--json", **on).json["programme"]) == 5
        page = httpx2.get(f"http://127.0.0.1:{server.port}/whats-on").text
        for text in (
            "A night at the arena",
            "The Paper Lighthouse",
            "Sold out.",
            "On sale ",
            "Port Ellery",
            "Songs of the coast",
        ):
            assert text in page
        assert run("demo", "--json", **on).json["programme"] == []
        alone = run("demo", "--house", "beer-hall", "--json", **on).json
        assert (alone["programme"], alone["standing"] > 0) == ([], True)


def test_demo_reports_that_no_server_runs(run: Run, data_dir: Path) -> None:
    output = run("demo", "--url", "http://tickets.example/", data_dir=data_dir).out
    assert "holdfast serve" in output
    assert "http://tickets.example/v1/events/1/availability" in output


def test_the_lines_of_demo_send_a_key_if_the_server_requires_one(run: Run, data_dir: Path) -> None:
    assert run("db", "upgrade", data_dir=data_dir).code == 0
    assert run("keys", "create", "till", "--scope", "sell", data_dir=data_dir).code == 0
    steps = run("demo", "--json", data_dir=data_dir).json["steps"]
    assert all("Authorization: Bearer $HOLDFAST_API_KEY" in line for line in steps.values())


def _type(steps: dict[str, str]) -> dict[str, dict[str, object]]:
    script = "\n".join(f"{line}; echo; echo ====" for line in steps.values())
    done = subprocess.run(
        ["bash", "-euc", script], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    parts = done.stdout.split("====")
    return {name: json.loads(part) for name, part in zip(steps, parts, strict=False)}


def _backed_up_and_restored(run: Run, file: Path, on: dict[str, object]) -> str:
    assert run("db", "backup", file, **on).code == 0
    return run("db", "restore", file, "--force", **on).complaint
