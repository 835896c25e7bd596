"""Worker process: answers requests on the inherited socket until it or the supervisor ends."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import signal
import socket
import threading
import time

from holdfast.app.composition import build_app, connection_limits
from holdfast.app.logging import capture_crashes, configure_logging
from holdfast.app.settings import Settings, load_settings
from holdfast.http.server.server import Server
from holdfast.http.server.tls import load_tls
from holdfast.process.errors import CannotStart
from holdfast.process.log import write_log
from holdfast.process.server_address import bind_complaint
from holdfast.process.tuning import tune_garbage_collection

__all__ = ["listening_sockets", "main"]

_BACKLOG = 2048
_GRACE_SECONDS = 2.0
_ACCEPTS_PER_TURN = 16


def main() -> int:
    parser = argparse.ArgumentParser(prog="holdfast.app.worker_process")
    for name in ("--socket", "--life", "--ready"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args()
    try:
        settings = load_settings()
        configure_logging(settings)
        capture_crashes()
        _follow(given.life, settings)
        layer = build_app(settings)
        server = Server(
            layer,
            connection_limits(settings),
            shutdown_seconds=settings.shutdown_seconds,
            backlog=_BACKLOG,
            leave_seconds=settings.drain_seconds,
            tls=None if settings.certfile is None else load_tls(settings.certfile, settings.keyfile),
            ready=lambda: _report_ready(given.ready),
            leaving=layer.leave,
            draining=layer.end_streams,
        )
        tune_garbage_collection()
        sockets = listening_sockets(given.socket)
        host, port = sockets[0].getsockname()[:2]
        try:
            server.run(sockets)
        except OSError as error:
            if server.is_started or error.errno != errno.EADDRINUSE:
                raise
            # Two servers may be bound to one port. The second that listens is refused.
            raise CannotStart(bind_complaint(host, port, error)) from None
    except CannotStart as error:
        as_json = os.environ.get("HOLDFAST_LOG_FORMAT") == "json"
        write_log(str(error), level="critical", logger="holdfast.worker", as_json=as_json)
        return 1
    return 0 if server.is_started else 1


def listening_sockets(number: int) -> list[socket.socket]:
    """Return many copies of the inherited listening socket (a file descriptor).

    The loop accepts one new connection per listening socket and turn. During an on-sale a turn handles a hundred
    requests and takes milliseconds. With one socket, the last of a thousand new clients would wait for over a second.
    """
    first = socket.socket(fileno=number)
    # All workers share one file description of the socket, so it must not block. Otherwise a worker that finds no
    # connection would wait in `accept` for the next one.
    first.setblocking(False)
    return [first, *(first.dup() for _ in range(_ACCEPTS_PER_TURN - 1))]


def _report_ready(pipe: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, b"1")
    os.close(pipe)


def _follow(life: int, settings: Settings) -> None:
    """End with the supervisor. Its end of the pipe closes even if SIGKILL ends it."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(life, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        # The stop has these seconds; a worker that hangs in it must not outlive its supervisor.
        time.sleep(settings.drain_seconds + settings.shutdown_seconds + _GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, name="life", daemon=True).start()


if __name__ == "__main__":
    raise SystemExit(main())
