"""Fixtures of the SDK: a real server on a port of this machine, and its clients."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from pydantic import SecretStr

from holdfast.app.composition import build_app
from holdfast.app.settings import Settings
from holdfast_client import Client
from support.http_app import NEVER_SECONDS, SECRET_KEY
from support.lossy_proxy import LossyProxy, lossy_proxy


class _Server(uvicorn.Server):
    """Notifies another thread when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listens.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    """A server of its own for each test, in open mode."""
    settings = Settings(
        database_url=SecretStr(database_url),
        secret_key=SecretStr(SECRET_KEY),
        sweep_interval_seconds=NEVER_SECONDS,
        retention_interval_seconds=NEVER_SECONDS,
    )
    config = uvicorn.Config(
        build_app(settings),
        port=0,
        log_config=None,
        lifespan="on",
        interface="asgi3",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.listens.wait(30)
    yield server.url
    server.should_exit = True
    thread.join()


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
