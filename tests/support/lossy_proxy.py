"""A proxy in front of a server that loses requests, answers and connections where a test wants it."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from io import BufferedIOBase
from urllib.parse import urlsplit

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
_CHUNK = 65_536


class Loss(Enum):
    REQUEST = "request"  # the server does not get the request
    ANSWER = "answer"  # the server acts, and the answer is lost
    HALF = "half"  # the server acts, and half of the answer is lost


@dataclass(frozen=True, slots=True)
class Passed:
    """A request, and the status of its answer. None if the proxy lost the request."""

    method: str
    path: str
    headers: dict[str, str]
    status: int | None


@dataclass(slots=True)
class LossyProxy:
    """Each request with one of `lossy_methods` uses up one of the `losses`. Streams can be cut."""

    url: str
    losses: deque[Loss] = field(default_factory=deque)
    passed: list[Passed] = field(default_factory=list)
    streams: list[socket.socket] = field(default_factory=list)
    lossy_methods: tuple[str, ...] = ("POST",)

    @property
    def keys(self) -> list[str]:
        """The Idempotency-Keys of all POSTs."""
        return [one.headers["idempotency-key"] for one in self.passed if one.method == "POST"]

    def cut_streams(self) -> None:
        """End every stream, even in the middle of a message."""
        while self.streams:
            reset(self.streams.pop())


@contextmanager
def lossy_proxy(upstream: str) -> Iterator[LossyProxy]:
    """A running proxy of the server at `upstream`."""
    parts = urlsplit(upstream)
    target = (str(parts.hostname), int(parts.port or 80))

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while (head := read_head(self.rfile)) is not None:
                if not answer(proxy, target, self.connection, self.rfile, *head):
                    return

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore broken connections: this proxy breaks them on purpose."""

    with Server(("127.0.0.1", 0), Connection) as server:
        proxy = LossyProxy(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.cut_streams()
            server.shutdown()
            thread.join()


def answer(
    proxy: LossyProxy,
    target: tuple[str, int],
    caller: socket.socket,
    reading: BufferedIOBase,
    first: str,
    headers: dict[str, str],
) -> bool:
    """Pass one request on and its answer back, or apply a loss. Return whether the connection continues."""
    method, path, _ = first.split(" ", 2)
    body = reading.read(int(headers.get("content-length", "0")))
    loss = proxy.losses.popleft() if method in proxy.lossy_methods and proxy.losses else None
    if loss is Loss.REQUEST:
        proxy.passed.append(Passed(method, path, headers, None))
        reset(caller)
        return False
    with socket.create_connection(target, timeout=30) as upstream:
        # The Host is that of the server, so that the server does not notice the proxy.
        proxied = headers | {"host": f"{target[0]}:{target[1]}"}
        if headers.get("origin") == proxy.url:
            proxied["origin"] = f"http://{target[0]}:{target[1]}"
        lines = [first, *(f"{name}: {value}" for name, value in proxied.items()), "", ""]
        upstream.sendall("\r\n".join(lines).encode("latin-1") + body)
        with upstream.makefile("rb") as answers:
            head = read_head(answers)
            assert head is not None
            status = int(head[0].split(" ", 2)[1])
            proxy.passed.append(Passed(method, path, headers, status))
            sent_head = "\r\n".join(
                [head[0], *(f"{name}: {value}" for name, value in head[1].items()), "", ""]
            )
            if "text/event-stream" in head[1].get("content-type", ""):
                caller.sendall(sent_head.encode("latin-1"))
                proxy.streams.append(caller)
                while chunk := answers.read1(_CHUNK):
                    caller.sendall(chunk)
                return False
            content = answers.read(int(head[1].get("content-length", "0")))
    complete = sent_head.encode("latin-1") + content
    if loss is None:
        caller.sendall(complete)
        return True
    if loss is Loss.HALF:
        caller.sendall(complete[: len(complete) - len(content) // 2])
    reset(caller)
    return False


def read_head(reading: object) -> tuple[str, dict[str, str]] | None:
    """Return the first line and the headers of the next message, or None at the end."""
    first = reading.readline().decode("latin-1").rstrip("\r\n")  # type: ignore[attr-defined]
    if not first:
        return None
    headers = {}
    while line := reading.readline().decode("latin-1").rstrip("\r\n"):  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first, headers


def reset(connection: socket.socket) -> None:
    """Close at once with a reset, even if another thread uses the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()
