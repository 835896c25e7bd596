"""Fixtures of the organiser's pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import Browser, chromium
from support.http_app import app, client, closed_app, guest, inventory
from support.threaded_server import threaded_server

__all__ = ["app", "client", "closed_app", "guest", "inventory"]


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    with threaded_server(database_url) as address:
        yield address


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser at a desk."""
    with chromium(tmp_path / "profile") as one:
        one.resize(1280, 800, still=True)
        yield one
