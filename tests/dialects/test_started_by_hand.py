"""Document 003's own start: requirements, `alembic upgrade head`, `uvicorn app.main:app --port 8001`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from holdfast.postgres.schema import verify
from support.started import started

CHECKOUT = Path(__file__).parents[2]


def environment(folder: Path, url: str | None) -> dict[str, str]:
    """Return the document's variables, and of Holdfast's own only the one for a writable folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    kept.pop("DATABASE_URL", None)
    return kept | {"HOLDFAST_DATA_DIR": str(folder)} | ({} if url is None else {"DATABASE_URL": url})


def run(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=CHECKOUT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def uvicorn(variables: dict[str, str]) -> Iterator[httpx2.Client]:
    """Run `uvicorn app.main:app` on a free port, up when the block begins."""
    with started(
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", "0"],
        cwd=CHECKOUT,
        env=variables,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                    break
            else:
                raise AssertionError("".join(lines))
            with httpx2.Client(base_url=found[1], timeout=30) as client:
                yield client
        finally:
            process.terminate()
            process.communicate(timeout=30)


def test_the_documents_start_commands_work(empty_database_url, tmp_path):
    variables = environment(tmp_path / "data", empty_database_url)
    for _ in range(2):  # the second has nothing to do
        migrated = run(["alembic", "upgrade", "head"], variables)
        assert migrated.returncode == 0, migrated.stderr
    verify(empty_database_url)
    with uvicorn(variables) as client:
        user = client.post(
            "/users/",
            json={
                "name": "Ada",
                "phone_number": "1",
                "email": "ada@example.org",
                "password": "analytical engine",
            },
        ).json()
        show = client.post(
            "/shows/", json={"title": "Hamlet", "venue": "Globe", "starts_at": "2026-11-05T19:30:00"}
        ).json()
        assert client.post(f"/shows/{show['id']}/seats", json=["A1", "A2", " c5 "]).status_code == 201
        held = client.post(
            f"/reservations/{user['id']}/hold",
            json={"show_id": show["id"], "seat_number": "C5", "hold_minutes": 5},
        )
        assert held.status_code == 201
    with uvicorn(variables) as client:  # restarted: the same database, the same key
        confirmed = client.post(f"/reservations/{held.json()['id']}/confirm")
        assert confirmed.json()["status"] == "CONFIRMED"
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o400


def test_a_start_without_a_database_explains_what_to_do(tmp_path):
    ended = run(["uvicorn", "app.main:app", "--port", "0"], environment(tmp_path, None))
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("holdfast: set DATABASE_URL")
    assert "alembic upgrade head" in line
    ended = run(["alembic", "upgrade", "head"], environment(tmp_path, None))
    assert ended.returncode != 0
    assert "DATABASE_URL" in ended.stderr


@pytest.mark.parametrize("url", ["mysql://localhost/x", "postgresql://nobody@127.0.0.1:1/x"])
def test_a_wrong_database_is_reported_in_one_line(tmp_path, url):
    ended = run(["uvicorn", "app.main:app", "--port", "0"], environment(tmp_path, url))
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("holdfast: ")


def test_an_unmigrated_database_is_refused(empty_database_url, tmp_path):
    ended = run(["uvicorn", "app.main:app", "--port", "0"], environment(tmp_path, empty_database_url))
    assert ended.returncode == 1
    assert "not migrated" in ended.stderr


def test_the_requirements_match_the_lock():
    """With hashes: if a file has any, pip requires one for each package."""
    lines = [
        line
        for line in (CHECKOUT / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines == ["-r requirements.lock"]
    locked = (CHECKOUT / "requirements.lock").read_text()
    for needed in ("uvicorn", "alembic", "psycopg", "fastapi"):
        assert re.search(rf"^{needed}==", locked, re.MULTILINE)
