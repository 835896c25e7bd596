"""A real server on a port of this machine, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from pydantic import SecretStr

from holdfast.app.composition import build_app
from holdfast.app.settings import Settings
from support.http_app import NEVER_SECONDS, SECRET_KEY


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


@contextmanager
def threaded_server(database_url: str, **chosen: Any) -> Iterator[str]:
    """Yield the URL of a server in open mode, with these settings."""
    settings = Settings(
        database_url=SecretStr(database_url),
        secret_key=SecretStr(SECRET_KEY),
        sweep_interval_seconds=NEVER_SECONDS,
        retention_interval_seconds=NEVER_SECONDS,
        **chosen,
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
    try:
        yield server.url
    finally:
        server.should_exit = True
        thread.join()
