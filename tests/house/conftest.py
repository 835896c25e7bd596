"""Folders in which a server may keep its data."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Outside pytest's private folders, which PostgreSQL's own user could not reach."""
    with tempfile.TemporaryDirectory(prefix="holdfast-house-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)
