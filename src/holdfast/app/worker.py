"""Worker: a process that answers requests on the inherited socket, until the supervisor ends it, or ends."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
import time

import uvicorn

from holdfast.api.layer import Layer
from holdfast.api.protocol import BoundedHttpProtocol
from holdfast.app.composition import build_app
from holdfast.app.errors import CannotStart
from holdfast.app.logging import configure_logging
from holdfast.app.settings import Settings, load_settings
from holdfast.app.tuning import tune_garbage_collection

__all__ = ["listening_sockets", "main"]

_BACKLOG = 2048
_GRACE_SECONDS = 2.0
_NEWCOMERS_A_TURN = 16


class _Server(uvicorn.Server):
    """Tells the supervisor, through a pipe, when requests are answered; ends the streams when it stops."""

    def __init__(self, config: uvicorn.Config, layer: Layer, *, ready: int) -> None:
        super().__init__(config)
        self._layer = layer
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._ready, b"1")
        os.close(self._ready)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._layer.end_streams()
        await super().shutdown(sockets=sockets)


def main() -> int:
    parser = argparse.ArgumentParser(prog="holdfast.app.worker")
    for name in ("--socket", "--life", "--ready"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args()
    try:
        settings = load_settings()
        configure_logging(settings)
        _follow(given.life, settings)
        layer = build_app(settings)
        server = _Server(_config(settings, layer), layer, ready=given.ready)
        tune_garbage_collection()
        server.run(sockets=listening_sockets(given.socket))
    except CannotStart as error:
        print(f"holdfast: {error}", file=sys.stderr)
        return 1
    return 0 if server.started else 1


def listening_sockets(number: int) -> list[socket.socket]:
    """The inherited listening socket (a file descriptor), many times over.

    The loop takes one new connection of each listening socket in a turn. In an on-sale a turn has a hundred requests in
    it and takes milliseconds, so that of a thousand who had come at once the last would be let in after a second and
    more, behind all that those who came before them asked for meanwhile.
    """
    first = socket.socket(fileno=number)
    return [first, *(first.dup() for _ in range(_NEWCOMERS_A_TURN - 1))]


def _config(settings: Settings, layer: Layer) -> uvicorn.Config:
    return uvicorn.Config(
        layer,
        loop="uvloop",
        http=BoundedHttpProtocol,
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whom to believe is the ASGI layer's to decide
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def _follow(life: int, settings: Settings) -> None:
    """End with the supervisor: its end of the pipe closes however it dies, SIGKILL included."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(life, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(settings.shutdown_seconds + _GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, name="life", daemon=True).start()


if __name__ == "__main__":
    raise SystemExit(main())
