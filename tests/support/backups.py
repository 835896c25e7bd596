"""A database with sales, and commands in a pipe."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.commands import Run


@pytest.fixture
def sold(holdfast: Run) -> None:
    holdfast("event", "create", "Concert", "--capacity", 5)
    holdfast("keys", "create", "till", "--scope", "sell")


def piped(database_url: str, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command as a part of a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "holdfast", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, "HOLDFAST_DATABASE_URL": database_url},
        check=False,
    )
