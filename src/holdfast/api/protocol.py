"""Protocol: the connection under the layer, a deadline on every wait, and a problem for every refusal.

uvicorn waits for the head of a request for ever, takes a head of any size, and writes plain text when it
cannot parse one.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import re
import sys
import termios
from asyncio import TimerHandle
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from holdfast.api.cycle import Cycle
from holdfast.api.exchange import CYCLE
from holdfast.api.layer import Layer
from holdfast.domain.errors import BadRequest, HeadersTooLarge, HoldfastError, RequestTimeout, UriTooLong
from holdfast.http.headers import MAX_HEADERS_BYTES, MAX_TARGET_BYTES, request_id
from holdfast.http.problems import problem, problem_headers

__all__ = ["TRANSPORT", "BoundedHttpProtocol"]

TRANSPORT = "holdfast.transport"
"""Where the layer finds the connection in the scope, to see whether the client is still there."""

_ASGI = {"version": "3.0", "spec_version": "2.3"}

HEAD_SECONDS = 5.0
STALLED_READER_SECONDS = 15.0
STALLED_READER_BYTES = 128 * 1024
"""So much of what waits for a reader has to go out in that time: a slow one is served, one that stands still is not."""
REQUESTS_PER_CONNECTION = 1_000
_PLAIN_TARGET = re.compile(rb"/[A-Za-z0-9/._~-]*(?:\?[A-Za-z0-9=&._~%+-]*)?")
"""Path and query that mean what they are; whatever else there may be is uvicorn's to take apart."""
_MAX_HEAD_BYTES = MAX_HEADERS_BYTES + MAX_TARGET_BYTES + 4 * 1024
"""Above what the layer refuses by itself, so that most requests get its more exact answer."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """`uvicorn.Config(http=BoundedHttpProtocol)`."""

    # Beside uvicorn's own attributes, which lie in a dict that shares its keys with those of all other connections:
    # with more than 30 it would have them for itself, and take 1.2 KB more.
    __slots__ = ("_head_bytes", "_head_deadline", "_idle_since", "_in_head", "_requests", "_write_deadline")

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._in_head = False
        self._head_bytes = 0
        self._head_deadline: TimerHandle | None = None
        self._write_deadline: TimerHandle | None = None
        self._requests = 0
        self._idle_since = float("inf")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._head_deadline = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._head_deadline)
        self._stop(self._write_deadline)
        self._stop(self.timeout_keep_alive_task)
        super().connection_lost(exc)
        if self.cycle is not None:
            self.cycle.on_response = _nothing  # it knew the connection, and the connection knows it

    def data_received(self, data: bytes) -> None:
        self._idle_since = float("inf")
        heads = self._requests
        cycle: RequestResponseCycle | None = self.cycle
        in_body = cycle is not None and cycle.more_body
        try:
            self.parser.feed_data(data)
        except HttpParserError:
            self._refuse(BadRequest("This is not a well-formed HTTP/1.1 request."))
        except HttpParserUpgrade:
            pass  # nothing here upgrades: it is answered as it stands
        if self._in_head and not self.transport.is_closing():
            if self._requests == heads and not in_body:  # else most of it was of the requests before
                self._head_bytes += len(data)
            self._check_head()

    def _check_head(self) -> None:
        """While it still arrives: it has an end, in bytes and in time."""
        if len(self.url) > MAX_TARGET_BYTES:
            self._refuse(UriTooLong(f"The path is longer than {MAX_TARGET_BYTES} bytes."))
        elif self._head_bytes > _MAX_HEAD_BYTES:
            self._refuse(HeadersTooLarge(f"The head of the request is longer than {_MAX_HEAD_BYTES} bytes."))
        elif self._head_deadline is None:
            self._head_deadline = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None
        parser = self.parser
        if _PLAIN_TARGET.fullmatch(self.url) and not parser.should_upgrade():
            self._begin(parser)
        else:
            self._begin_as_uvicorn_does()
        self._requests += 1
        if self._requests >= REQUESTS_PER_CONNECTION:
            self.cycle.keep_alive = False

    def _begin(self, parser: HttpRequestParser) -> None:
        """A request whose target needs no parsing: what uvicorn does, with a cycle of ours."""
        version = parser.get_http_version()
        path, _, query = self.url.partition(b"?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "path": path.decode("ascii"),
            "raw_path": path,
            "query_string": query,
            "headers": self.headers,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            TRANSPORT: self.transport,
        }
        before: RequestResponseCycle | None = self.cycle
        self.cycle = scope[CYCLE] = cycle = Cycle(
            scope,
            self.transport,
            flow=self.flow,
            default_headers=self.server_state.default_headers,
            on_response=self.on_response_complete,
            logger=self.logger,
            expects_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:  # pipelined: it waits for its turn
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """The layer answers whatever happens: what uvicorn has around an application would have nothing to do."""
        if not isinstance(app, Layer):
            super()._start_asgi_task(cycle, app)
            return
        task = self.loop.create_task(app.serve(cycle.scope, cycle.receive, cycle.send))  # type: ignore[arg-type]  # uvicorn's names for ASGI's types
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _begin_as_uvicorn_does(self) -> None:
        url, headers, expects_continue = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects_continue
        self.scope["headers"] = headers
        self.scope[TRANSPORT] = self.transport  # type: ignore[literal-required]  # a key of ours in ASGI's scope
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """uvicorn starts a timer after each answer and stops it at the next request; here one looks now and then."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            return  # the end of its answer starts the next one
        left = min(self._idle_since - self.loop.time(), 0.0) + self.timeout_keep_alive
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            self.transport.close()

    def _unset_keepalive_if_required(self) -> None:
        """What uvicorn calls when something arrives; a request that has begun has a deadline of its own."""
        self._idle_since = float("inf")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        self._stop(self._write_deadline)
        self._write_deadline = None
        super().resume_writing()

    def _watch_reader(self) -> None:
        self._write_deadline = self.loop.call_later(
            STALLED_READER_SECONDS, self._look_at_reader, _untaken_bytes(self.transport)
        )

    def _look_at_reader(self, before: int) -> None:
        if before - _untaken_bytes(self.transport) >= STALLED_READER_BYTES:
            self._watch_reader()
        else:
            self.transport.abort()

    def _head_is_late(self) -> None:
        self._head_deadline = None
        if self._in_head:
            self._refuse(
                RequestTimeout(f"The head of the request did not arrive within {HEAD_SECONDS:g} seconds.")
            )
        else:
            self.transport.close()

    def _refuse(self, error: HoldfastError) -> None:
        """Answer below the application, and close."""
        if self.transport.is_closing():
            return
        if self._can_answer():
            own_id = request_id(())
            made = problem(error, own_id)
            head = [
                STATUS_LINE[made.status],
                b"content-type: application/problem+json\r\nx-content-type-options: nosniff\r\n",
                b"cache-control: no-store\r\nconnection: close\r\n",
                b"x-request-id: ",
                own_id.encode("ascii"),
                b"\r\ncontent-length: ",
                str(len(made.body)).encode("ascii"),
                b"\r\n",
                *(name + b": " + value + b"\r\n" for name, value in problem_headers(error)),
                b"\r\n",
            ]
            self.transport.write(b"".join(head) + made.body)
        self.transport.close()

    def _can_answer(self) -> bool:
        """Not while an earlier request waits for its answer: this one would be taken for it."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        if self._in_head or self.pipeline or cycle.response_started or not cycle.more_body:
            return False
        cycle.disconnected = (
            True  # it is this request's body that broke; the application shall not answer too
        )
        cycle.message_event.set()
        return True

    @staticmethod
    def _stop(timer: TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _untaken_bytes(transport: asyncio.Transport) -> int:
    """What the other side has not taken of all that was written: what waits here, and in the kernel for it."""
    kept = bytearray(4)
    with contextlib.suppress(OSError):  # some kernels do not tell
        fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, kept)
    return transport.get_write_buffer_size() + int.from_bytes(kept, sys.byteorder)


def _nothing() -> None:
    pass
