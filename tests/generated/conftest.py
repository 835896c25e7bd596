"""Fixtures of generated clients: the generators, a real server, and its documents as files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from support.threaded_server import threaded_server

HERE = Path(__file__).parent
GENERATORS = HERE.parents[1] / ".generators"

Run = Callable[..., str]


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    """A server in open mode."""
    with threaded_server(database_url) as one:
        yield one


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program of the generators in the test's folder, and returns what it prints. It must succeed."""
    if not (GENERATORS / "installed").exists():
        pytest.skip("the generators are not installed: `make generators`")

    def run_program(program: Path | str, *words: str, **environment: str) -> str:
        done = subprocess.run(
            [str(program), *words],
            cwd=tmp_path,
            env={
                "PATH": f"{GENERATORS / 'bin'}:/usr/local/bin:/usr/bin:/bin",
                "NO_COLOR": "1",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_program


@pytest.fixture
def documents(url: str, tmp_path: Path) -> tuple[Path, Path]:
    """Both documents, as this server sends them."""
    found = tmp_path / "openapi.json", tmp_path / "dialects.json"
    for path, file in zip(("openapi.json", "dialects/openapi.json"), found, strict=True):
        file.write_bytes(httpx2.get(f"{url}/{path}").raise_for_status().content)
    return found
