"""A network between a browser and a server that a test cuts: nothing arrives, or no answer returns."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

__all__ = ["CutNetwork", "cut_network"]

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


class CutNetwork:
    """Passes bytes on while it is up. `loses_answers`: the server gets the requests, and nobody their answers."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._port = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_up = True
        self.loses_answers = False
        # The server sees its own address in each request, so that it does not notice the proxy.
        self._here, self._there = (
            f"127.0.0.1:{port}".encode("ascii") for port in (self._port, self._target[1])
        )
        assert len(self._here) == len(self._there), "a body would change its length"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def cut(self) -> None:
        """Reset each connection, and every new one, until `restore`."""
        with self._lock:
            self._is_up = False
            for one in self._open:
                _reset(one)
            self._open.clear()

    def restore(self) -> None:
        with self._lock:
            self._is_up = True

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                if not self._is_up:
                    _reset(caller)
                    continue
                server = socket.create_connection(self._target)
                self._open |= {caller, server}
            threading.Thread(target=self._pass, args=(caller, server, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, caller, False), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if is_request:
                    data = data.replace(self._here, self._there)
                elif self.loses_answers:
                    break
                sink.sendall(data)
        for one in (source, sink):
            with self._lock:
                self._open.discard(one)
            _reset(one)


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def cut_network(upstream: str) -> Iterator[CutNetwork]:
    """Yield a network before the server at this address."""
    network = CutNetwork(upstream)
    try:
        yield network
    finally:
        network.close()
