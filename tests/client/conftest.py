"""Fixtures of the SDK: a real server on a port of this machine, and its clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast_client import Client
from support.lossy_proxy import LossyProxy, lossy_proxy
from support.threaded_server import threaded_server


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    """A server of its own for each test, in open mode."""
    with threaded_server(database_url) as one:
        yield one


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A program on this machine, which is staff in open mode."""
    with Client(url) as one:
        yield one


@pytest.fixture
def proxy(url: str) -> Iterator[LossyProxy]:
    """A proxy to the server that loses answers."""
    with lossy_proxy(url) as one:
        yield one
