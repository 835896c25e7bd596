"""Connection: the state machine of one HTTP/1.1 connection.

    idle -> head -> body -> answering -> idle          a request, and the next one
                         -> streaming -> idle          an answer without a known end
                    body -> rest -> idle               answered before its body was read
            any state    -> closing                    refused, out of time, or the last answer

One request is open at a time. What arrives behind it waits as bytes, is not parsed, and reading stops. Each state has a
deadline, which the service's tick checks, and a limit in bytes. docs/concepts/connections.md has the table.
"""

from __future__ import annotations

import asyncio
import contextlib
from enum import IntEnum
from typing import TYPE_CHECKING

import structlog

from holdfast.errors import BadRequest, Busy, HoldfastError, RequestTimeout
from holdfast.http.metrics import count_overdue
from holdfast.http.server.framing import Chunks, Length, read_framing
from holdfast.http.server.head import Head
from holdfast.http.server.intake import Intake
from holdfast.http.server.refusal import refusal
from holdfast.http.server.request import Cycle
from holdfast.http.server.target import read_target, take_authority
from holdfast.http.server.writing import Writer

if TYPE_CHECKING:
    from holdfast.http.server.ports import OpenCycle, Serving

__all__ = ["Connection", "State"]

_LINE_END_BYTES = b"\r\n"
_LINGERING_REFUSED = 32
"""So many connections above the limit wait for their clients to take the refusal; more are closed at once."""

log = structlog.get_logger("holdfast.http")


class State(IntEnum):
    """What a connection waits for."""

    IDLE = 0  # -> head | body | answering | closing
    HEAD = 1  # -> body | answering | closing
    BODY = 2  # -> answering | rest | closing
    ANSWERING = 3  # -> streaming | idle | closing
    STREAMING = 4  # -> idle | closing
    REST = 5  # -> answering | closing
    CLOSING = 6


IDLE, HEAD, BODY, ANSWERING = State.IDLE, State.HEAD, State.BODY, State.ANSWERING
STREAMING, REST, CLOSING = State.STREAMING, State.REST, State.CLOSING


class Connection(asyncio.Protocol):
    """`asyncio`'s protocol for one accepted connection."""

    __slots__ = (
        "_body",
        "_discarded",
        "_empty_bytes",
        "_head",
        "_is_answered",
        "_is_ending",
        "_request",
        "_requests",
        "client",
        "deadline",
        "intake",
        "scheme",
        "server",
        "service",
        "state",
        "transport",
        "writer",
    )

    def __init__(self, service: Serving) -> None:
        self.service = service
        self.state = IDLE
        self.deadline = float("inf")
        """By the loop's clock. Past it the service calls `overdue`."""
        self._request: Cycle | None = None
        """The open one."""
        self._requests = 0
        self._head: Head | None = None
        """One that is not whole."""
        self._body: Length | Chunks | None = None
        """What is still to come of the last request's body."""
        self._is_answered = False
        self._is_ending = False
        """The client has closed its side; what it sent before is still answered."""
        self._empty_bytes = 0
        self._discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream's always is
        service = self.service
        self.transport = transport
        self.intake = Intake(transport, service.load)
        self.writer = Writer(transport, service.load)
        self.client = _address(transport.get_extra_info("peername"))
        self.server = _address(transport.get_extra_info("sockname"))
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        self.deadline = service.loop.time() + service.limits.head_seconds  # sooner than of one that was used
        service.connections.add(self)
        if service.is_full:
            service.note_full()
            lingers = len(service.connections) <= service.limits.connections + _LINGERING_REFUSED
            self._refuse(Busy(Busy.CONNECTIONS), lingers=lingers)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's form
        self.state = CLOSING
        self.deadline = float("inf")
        self.service.forget(self)
        self.writer.release()
        self.intake.release()
        self._drop_request()
        if self._head is not None:
            self._head.close()

    def data_received(self, data: bytes) -> None:
        if self.intake.pending:
            self._keep(data)
        else:
            self._read(data, 0)

    def eof_received(self) -> bool:
        """The client sends no more. True keeps our side open for the answer to what it sent."""
        self._is_ending = True
        if self.state is HEAD or self.state is BODY:
            self._refuse(BadRequest(BadRequest.CUT_SHORT))
        elif self._request is not None:
            self._request.half_leave()
            return True
        return bool(self.intake.pending)

    def pause_writing(self) -> None:
        self.writer.pause()
        self.deadline = self.service.loop.time() + self.service.limits.stalled_reader_seconds

    def resume_writing(self) -> None:
        self.writer.resume()
        if self.state is ANSWERING and self._is_answered:
            self._next()
            return
        self._enter(self.state)
        if self._request is not None:
            self._request.wake()

    def _read(self, data: bytes, at: int) -> None:
        while at < len(data):
            state = self.state
            try:
                if state is IDLE or state is HEAD:
                    at = self._read_head(data, at)
                elif state is BODY:
                    at = self._read_body(data, at)
                elif state is REST:
                    at = self._read_rest(data, at)
                else:
                    (self._discard if state is CLOSING else self._keep)(data[at:])
                    return
            except HoldfastError as error:
                self._refuse(error)
                return

    def _read_head(self, data: bytes, at: int) -> int:
        """Raises HoldfastError for what is no request."""
        head = self._head
        if head is None:
            if data[at] in _LINE_END_BYTES:
                return self._skip_empty_lines(data, at)
            head = self._head = Head()
        limits = self.service.limits
        end = head.read(data, at, limits.head_bytes)
        if head.has_ended:
            end = self._begin(head, data, end)
            self._head = None
        elif self.state is IDLE:
            self._enter(HEAD)
        return end

    def _skip_empty_lines(self, data: bytes, at: int) -> int:
        """They begin no request, and do not put off the end of an idle connection."""
        while at < len(data) and data[at] in _LINE_END_BYTES:
            at += 1
            self._empty_bytes += 1
        if self._empty_bytes > self.service.limits.empty_line_bytes:
            raise BadRequest(BadRequest.EMPTY_LINES)
        return at

    def _begin(self, head: Head, data: bytes, at: int) -> int:
        """A head is whole: open its request, with its body where all of it has come. Returns where the next byte is."""
        framing = read_framing(head.headers, head.version)
        target = read_target(head.method, head.target)
        if target.authority is not None:
            take_authority(target.authority, head.headers, head.version)
        self._requests += 1
        self._empty_bytes = 0
        self._is_answered = False
        request = self._request = Cycle(self, head, target, framing)
        length = framing.length
        if head.method == b"CONNECT":
            request.keeps_alive = False  # what follows is no body and no request: it is discarded
            length = 0
        if length is None:
            self._body = Chunks(request.feed)
        elif length > len(data) - at:
            self._body = Length(length, request.feed)
        else:
            request.give(data[at : at + length])
            at += length
        self._enter(BODY if self._body is not None else ANSWERING)
        self.service.start(request)
        return at

    def _read_body(self, data: bytes, at: int) -> int:
        body, request = self._body, self._request
        assert body is not None
        assert request is not None
        end = body.feed(data, at)
        if body.is_done:
            self._body = None
            self._enter(ANSWERING)
            self.intake.release()
            self.intake.go_on()  # to hear of the client's leaving
            request.end_body()
        else:
            self.intake.count(end - at)
            self._check_room()
        return end

    def _read_rest(self, data: bytes, at: int) -> int:
        """The rest of a body whose request is answered: it is counted and dropped."""
        body = self._body
        assert body is not None
        end = body.feed(data, at)
        self._discarded += end - at
        if body.is_done:
            self._body = None
            self._enter(ANSWERING)
            if not self.writer.is_paused:
                self._next()
        elif self._discarded > self.service.limits.rest_bytes:
            self._close(lingers=True)
        return end

    def _keep(self, data: bytes) -> None:
        """What comes behind the open request waits, and nothing more is read until its turn."""
        self.intake.keep(data)
        self._check_room()

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > self.service.limits.closing_bytes:
            self.transport.abort()

    def _check_room(self) -> None:
        service = self.service
        if not service.load.is_read_full:
            return
        service.note_full()
        if self.intake.pending and self._request is not None:
            self._request.keeps_alive = False  # the client sends again what was not answered
            self.intake.drop()
        else:
            self._refuse(Busy(Busy.REQUESTS))

    def pause_body(self) -> None:
        """The application has more than enough of the body for now."""
        self.intake.stop()

    def resume_body(self) -> None:
        if self.state is BODY:
            self.intake.go_on()

    def closes_after(self, request: OpenCycle) -> bool:
        """Whether the answer that is about to be written is the connection's last."""
        service = self.service
        if not request.keeps_alive or service.is_stopping:
            return True
        if self._requests >= service.limits.requests_per_connection:
            return True
        body = self._body
        return body is not None and (request.expects_continue or body.left > service.limits.rest_bytes)

    def write(self, data: bytes, body: bytes = b"") -> None:
        """Write now. A large `body` is not copied."""
        if self.state is not CLOSING:
            self.writer.write(data, body)

    def stream(self) -> None:
        """The answer goes on for as long as its reader takes it."""
        if self.state is ANSWERING:
            self._enter(STREAMING)

    def end_answer(self, *, closes: bool) -> None:
        """All of the open request's answer is written."""
        request = self._request
        if request is None:
            return
        self._is_answered = True
        if closes:
            lingers = self._body is not None or bool(self.intake.pending) or request.method == "CONNECT"
            self._close(lingers=lingers)
        elif self._body is not None:
            self._enter(REST)
            self._body.take = _drop
            self._discarded = 0
            self._request = None
            self.intake.release()
            self.intake.go_on()
        elif not self.writer.is_paused:
            self._next()

    def break_off(self) -> None:
        """An answer can not be finished: only the end of the connection says so."""
        self.writer.cut()

    def _next(self) -> None:
        """The request is over. What came behind it waits for its turn."""
        self._request = None
        self._enter(IDLE)
        if self.service.is_stopping:
            self._close()
        elif self.intake.pending:
            self.service.pipelined.add(self)
        elif self._is_ending:
            self._close()

    def read_next(self) -> None:
        """It is the turn of what came behind the last request."""
        if self.state is not IDLE:
            return  # it was closed meanwhile
        self._read(self.intake.take(), 0)
        if self._is_ending and self.state in (IDLE, HEAD, BODY):
            self._close()

    def overdue(self) -> None:
        """The deadline has passed."""
        state, limits = self.state, self.service.limits
        if self.writer.is_paused or (state in (IDLE, CLOSING) and self.writer.is_behind):
            if self.writer.has_moved(limits.stalled_reader_bytes):
                self.deadline = self.service.loop.time() + limits.stalled_reader_seconds
            else:
                count_overdue(state.name.lower())
                self.writer.cut()
            return
        if state is IDLE:
            self._close()
            return
        count_overdue(state.name.lower())
        if state is HEAD:
            self._refuse(_late("head of the request", limits.head_seconds))
        elif state is BODY:
            self._refuse(_late("body", limits.body_seconds))
        else:
            if state is ANSWERING:
                log.error("answer_overdue", seconds=limits.answer_seconds)
            self.transport.abort()

    def stop(self) -> None:
        """The server stops. An open request is still answered."""
        if self.state is IDLE or self.state is HEAD:
            self._close()

    def _refuse(self, error: HoldfastError, *, lingers: bool = True) -> None:
        """Answer below the application, and close. An answer that has begun is broken off instead."""
        if self.state is CLOSING:
            return
        request, head = self._request, self._head
        has_body = request is None or request.method != "HEAD"
        if head is not None:
            head.close()
            has_body = has_body and head.method != b"HEAD"
        if self.state is REST or (request is not None and request.response_started):
            self._close(lingers=True)
            return
        self._drop_request()
        self.write(refusal(error, self.service.date_line, has_body=has_body))
        self._close(lingers=lingers)

    def _close(self, *, lingers: bool = False) -> None:
        """No more requests. With `lingers` our side ends first, and what the client still sends is discarded."""
        if self.state is CLOSING:
            return
        self._enter(CLOSING)
        self._discarded = 0
        self.intake.drop()
        self._drop_request()
        if not lingers or self._is_ending:
            self.transport.close()
            return
        with contextlib.suppress(OSError, RuntimeError):  # it may have gone meanwhile
            self.intake.go_on()
            self.transport.write_eof()

    def _drop_request(self) -> None:
        request, self._request = self._request, None
        self._body = None  # it refers to the request, which refers to this
        if request is not None:
            request.leave()

    def _enter(self, state: State) -> None:
        """With the deadline of the state, unless a reader that is behind has one already."""
        self.state = state
        if not self.writer.is_paused:
            self.deadline = self.service.loop.time() + self.service.seconds[state]


def _drop(_part: bytes) -> None:
    """The request is answered: nobody reads its body."""


def _late(what: str, seconds: float) -> RequestTimeout:
    return RequestTimeout(f"The {what} did not arrive within {seconds:g} seconds.")


def _address(found: object) -> tuple[str, int] | None:
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
