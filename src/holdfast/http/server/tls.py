"""TLS: the certificate of a server that speaks HTTPS by itself, and a connection until its handshake is done."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from asyncio.sslproto import SSLProtocol
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import BadRequest
from holdfast.http.metrics import count_overdue
from holdfast.http.server.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.http.server.ports import Serving

__all__ = ["TlsArrival", "load_tls"]

_HANDSHAKE = 0x16
"""The first byte of each TLS connection. No method of HTTP begins with it."""
_BUFFER_BYTES = 64 * 1024


def load_tls(certfile: Path, keyfile: Path | None) -> ssl.SSLContext:
    """Return the context of a server. The certificate's file has its chain, and the key if it has no file.

    Raises ValueError, which says in one line what is wrong.
    """
    if "-----BEGIN CERTIFICATE-----" not in _text(certfile):
        raise ValueError(f"{certfile} has no certificate in PEM form")
    where = certfile if keyfile is None else keyfile
    if "PRIVATE KEY-----" not in _text(where):
        raise ValueError(f"{where} has no private key in PEM form")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    asked: list[bool] = []

    def ask() -> str:
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(certfile, keyfile, password=ask)
    except ssl.SSLError as error:
        if asked:
            raise ValueError(
                f"the key in {where} has a password; `openssl pkey -in KEY -out NEW` removes it"
            ) from None
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ValueError(
                f"the key in {where} does not belong to the first certificate in {certfile}"
            ) from None
        raise ValueError(f"{certfile} and its key cannot be used: {error.reason or error}") from None
    return context


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="latin-1")
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from None


class TlsArrival(asyncio.Protocol):
    """A new connection of a server with TLS. It counts as a connection, and its handshake has a deadline."""

    def __init__(
        self, service: Serving, context: ssl.SSLContext, connect: Callable[[], asyncio.Protocol]
    ) -> None:
        """`connect` makes the protocol that serves the connection after its handshake."""
        self._service = service
        self._context = context
        self._connect = connect
        self._transport: asyncio.Transport | None = None
        self._discarded = 0
        self._is_refused = False
        self.deadline = float("inf")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP always gives one
        service = self._service
        self._transport = transport
        transport.set_write_buffer_limits(high=0)  # what is above it counts all waiting bytes
        self.deadline = service.loop.time() + service.limits.head_seconds
        service.connections.add(self)
        if service.is_full:  # nobody can read a refusal before the handshake
            service.report_full()
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._discarded += len(data)
            if self._discarded > self._service.limits.closing_bytes:
                self.abort()
        elif data[0] == _HANDSHAKE:
            self._shake_hands(data)
        else:
            self._refuse()

    def connection_lost(self, _error: BaseException | None) -> None:
        self._service.forget(self)

    def secured(self, transport: asyncio.Transport) -> None:
        """The handshake is done: another protocol serves the connection."""
        service = self._service
        service.connections.discard(self)
        connection = self._connect()
        transport.set_protocol(connection)
        connection.connection_made(transport)

    def overdue(self) -> None:
        if not self._is_refused:
            count_overdue("handshake")
        self.abort()

    def stop(self) -> None:
        """Stop, because the server does. The first request of a new connection is still answered."""
        last = self._service.loop.time() + self._service.limits.last_request_seconds
        self.deadline = min(self.deadline, last)

    def abort(self) -> None:
        self.deadline = float("inf")
        if self._transport is not None:
            self._transport.abort()

    def read_next(self) -> None:
        """Nothing waits behind a handshake."""

    def _shake_hands(self, data: bytes) -> None:
        assert self._transport is not None
        limits = self._service.limits
        layer = _Tls(
            self._service.loop,
            _Handshake(self),
            self._context,
            None,  # type: ignore[arg-type]  # nobody waits
            server_side=True,
            # Deadlines of ours are earlier: these only satisfy its interface.
            ssl_handshake_timeout=round(2 * limits.head_seconds) + 1,
            ssl_shutdown_timeout=round(limits.answer_seconds),
        )
        layer.arrival = self
        self._transport.set_protocol(layer)
        layer.connection_made(self._transport)
        for at in range(0, len(data), _BUFFER_BYTES):
            part = data[at : at + _BUFFER_BYTES]
            layer.get_buffer(len(part))[: len(part)] = part
            layer.buffer_updated(len(part))

    def _refuse(self) -> None:
        """Answer a request without TLS, and close."""
        assert self._transport is not None
        service = self._service
        self._is_refused = True
        self.deadline = service.loop.time() + service.limits.closing_seconds
        pages = service.problem_pages(None)
        self._transport.write(refusal(BadRequest(BadRequest.NOT_TLS), service.date_line, pages=pages))
        with contextlib.suppress(OSError, RuntimeError):  # the socket may be closed already
            self._transport.write_eof()


class _Handshake(asyncio.Protocol):
    """Waits for the end of a handshake."""

    def __init__(self, arrival: TlsArrival) -> None:
        self._arrival = arrival

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TLS always gives one
        self._arrival.secured(transport)


class _Tls(SSLProtocol):
    """The TLS of Python's own event loop. That of uvloop reports no failed handshake, so it could not be counted."""

    max_size = _BUFFER_BYTES
    arrival: TlsArrival

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.arrival.connection_lost(exc)
