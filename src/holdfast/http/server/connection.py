"""Connection: the state machine of one HTTP/1.1 connection.

    idle -> head -> body -> answering -> idle          a request, and the next one
                         -> streaming -> idle          an answer without a known end
                    body -> rest -> idle               answered before its body was read
            any state    -> closing                    refused, out of time, or the last answer

One request is open at a time. Bytes behind it wait unparsed, and reading stops. Each state has a deadline, which the
service's tick checks, and a limit in bytes. docs/concepts/connections.md has the table.
"""

from __future__ import annotations

import asyncio
import contextlib
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import structlog

from holdfast.errors import BadRequest, Busy, HoldfastError, RequestTimeout
from holdfast.http.metrics import count_overdue
from holdfast.http.server.framing import Chunks, Length
from holdfast.http.server.head import Head, HeadReader
from holdfast.http.server.intake import Intake
from holdfast.http.server.refusal import refusal
from holdfast.http.server.request import Cycle
from holdfast.http.server.target import read_target, take_authority
from holdfast.http.server.usual_head import read_usual_head
from holdfast.http.server.writing import Writer

if TYPE_CHECKING:
    from holdfast.http.server.ports import OpenCycle, Serving

__all__ = ["Connection", "State"]

_LINE_END_BYTES = b"\r\n"
_LINGERING_REFUSED = 32
"""This many connections above the limit stay open until their clients read the refusal. More are closed at once."""

log = structlog.get_logger("holdfast.http")


class State(IntEnum):
    """The states of a connection, by what it waits for."""

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
    """The asyncio protocol of one accepted connection."""

    __slots__ = (
        "_body",
        "_discarded",
        "_empty_bytes",
        "_head",
        "_is_answered",
        "_is_ending",
        "_request",
        "_requests",
        "deadline",
        "ends",
        "intake",
        "peer_refusal",
        "service",
        "state",
        "transport",
        "writer",
    )

    def __init__(self, service: Serving) -> None:
        self.service = service
        self.state = IDLE
        self.deadline = float("inf")
        """By the loop's clock. After it the service calls `overdue`."""
        self.peer_refusal: str | None = None
        """What open mode has found out about the peer (`access.open_mode.PeerMemory`)."""
        self._request: Cycle | None = None
        """The open request."""
        self._requests = 0
        self._head: HeadReader | None = None
        """The unfinished head."""
        self._body: Length | Chunks | None = None
        """The part of the last request's body that has not arrived."""
        self._is_answered = False
        self._is_ending = False
        """The client has closed its side. Requests that it sent before are still answered."""
        self._empty_bytes = 0
        self._discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP always gives one
        service = self.service
        self.transport = transport
        self.intake = Intake(transport, service.load)
        self.writer = Writer(transport, service.load)
        self.ends: dict[str, Any] = {
            "client": _address(transport.get_extra_info("peername")),
            "server": _address(transport.get_extra_info("sockname")),
            "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
            "http_version": "1.1",
        }
        """The part of an ASGI scope that requests share, unless they are HTTP/1.0."""
        self.deadline = (
            service.loop.time() + service.limits.head_seconds
        )  # shorter than for a used connection
        self.writer.begin()
        service.connections.add(self)
        if service.is_full:
            service.report_full()
            lingers = len(service.connections) <= service.limits.connections + _LINGERING_REFUSED
            self._refuse(Busy(Busy.CONNECTIONS), lingers=lingers)

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, TimeoutError):  # the kernel's: the peer took none of its bytes
            count_overdue(self.state.name.lower())
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
        """Return True to keep our side open for the answer, although the client sends no more."""
        self._is_ending = True
        if self.state is HEAD or self.state is BODY:
            self._refuse(BadRequest(BadRequest.CUT_SHORT))
        elif self._request is not None:
            self._request.half_close()
        elif not self.intake.pending:
            return False
        return bool(self.ends["scheme"] == "http")  # TLS has no half of a connection

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
        """Read a head; return the position of the next byte. Raises HoldfastError for an invalid one."""
        reader = self._head
        if reader is None:
            usual = read_usual_head(data, at)
            if usual is not None:
                return self._open_request(*usual, data)
            if data[at] in _LINE_END_BYTES:
                return self._skip_empty_lines(data, at)
            reader = self._head = HeadReader()
        end = reader.read(data, at, self.service.limits.head_bytes)
        if reader.has_ended:
            return self._open_request(reader.head(), end, data)
        if self.state is IDLE:
            self._enter(HEAD)
        return end

    def _skip_empty_lines(self, data: bytes, at: int) -> int:
        """Skip empty lines, which begin no request and do not extend an idle connection's deadline."""
        while at < len(data) and data[at] in _LINE_END_BYTES:
            at += 1
            self._empty_bytes += 1
        if self._empty_bytes > self.service.limits.empty_line_bytes:
            raise BadRequest(BadRequest.EMPTY_LINES)
        return at

    def _open_request(self, head: Head, at: int, data: bytes) -> int:
        """Start the request of a complete head, with its body if that has arrived. Return the next byte's position."""
        target = read_target(head.method, head.target)
        if target.authority is not None:
            assert head.lines is not None  # a usual head names no authority
            take_authority(target.authority, head.lines, head.version)
        self._head = None
        self._requests += 1
        self._empty_bytes = 0
        self._is_answered = False
        request = self._request = Cycle(self, head, target)
        length = head.framing.length
        if head.method == "CONNECT":
            request.keeps_alive = False  # the following bytes are neither body nor request, and are discarded
            length = 0
        if length is None:
            self._body = Chunks(request.feed)
        elif length > len(data) - at:
            self._body = Length(length, request.feed)
        else:
            request.give(data[at : at + length])
            at += length
        self._enter(BODY if self._body is not None else ANSWERING)
        self.service.start(request, is_last=request.is_whole and at == len(data))
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
            self.intake.resume()  # to notice that the client leaves
            request.end_body()
        else:
            self.intake.count(end - at)
            self._check_room()
        return end

    def _read_rest(self, data: bytes, at: int) -> int:
        """Count and drop the rest of a body whose request is answered."""
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
        """Keep the bytes behind the open request, and stop reading until their turn."""
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
        service.report_full()
        if self.intake.pending and self._request is not None:
            self._request.keeps_alive = False  # the client must send the unanswered bytes again
            self.intake.drop()
        else:
            self._refuse(Busy(Busy.REQUESTS))

    def pause_body(self) -> None:
        """Pause reading, because the application has enough of the body for now."""
        self.intake.pause()

    def resume_body(self) -> None:
        if self.state is BODY:
            self.intake.resume()

    def closes_after(self, request: OpenCycle) -> bool:
        """Return whether the next answer is the connection's last."""
        service = self.service
        if not request.keeps_alive or service.is_leaving:
            return True
        if self._requests >= service.limits.requests_per_connection:
            return True
        body = self._body
        return body is not None and (request.expects_continue or body.remaining > service.limits.rest_bytes)

    def write(self, data: bytes, body: bytes = b"") -> None:
        """Write immediately. A large `body` is not copied."""
        if self.state is not CLOSING:
            self.writer.write(data, body)

    def stream(self) -> None:
        """Enter the state of an answer that continues while its reader accepts it."""
        if self.state is ANSWERING:
            self._enter(STREAMING)

    def end_answer(self, *, closes: bool) -> None:
        """End the open request, whose answer is completely written."""
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
            self.intake.resume()
        elif not self.writer.is_paused:
            self._next()

    def abort(self) -> None:
        """Close, because only that reports an answer that cannot be finished."""
        self.writer.cut()

    def _next(self) -> None:
        """End the request. Bytes behind it wait for their turn."""
        self._request = None
        self._enter(IDLE)
        if self.service.is_stopping:
            self._close()
        elif self.intake.pending:
            self.service.pipelined.add(self)
        elif self._is_ending:
            self._close()

    def read_next(self) -> None:
        """Read the bytes behind the last request, in their turn."""
        if self.state is not IDLE:
            return  # closed in the meantime
        self._read(self.intake.take(), 0)
        if self._is_ending and self.state in (IDLE, HEAD, BODY):
            self._close()

    def overdue(self) -> None:
        """Act on the passed deadline."""
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
        """Stop, because the server does. An open request is still answered, and so is the first of a new connection.

        The client of a new connection has most likely sent its request, and no proxy repeats a POST.
        """
        if self.state is IDLE and self._requests:
            self._close()
        elif self.state is IDLE or self.state is HEAD:
            last = self.service.loop.time() + self.service.limits.last_request_seconds
            self.deadline = min(self.deadline, last)

    def _refuse(self, error: HoldfastError, *, lingers: bool = True) -> None:
        """Answer without the application, and close. An answer that has begun is cut off instead."""
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
        pages = self.service.problem_pages(None if request is None else request.target.raw_path)
        self._drop_request()
        self.write(refusal(error, self.service.date_line, pages=pages, has_body=has_body))
        self._close(lingers=lingers)

    def _close(self, *, lingers: bool = False) -> None:
        """Accept no more requests. With `lingers`, our side ends first, and further input is discarded."""
        if self.state is CLOSING:
            return
        self._enter(CLOSING)
        self._discarded = 0
        self.intake.drop()
        self._drop_request()
        if not lingers or self._is_ending:
            self.transport.close()
            return
        with contextlib.suppress(OSError, RuntimeError):  # the socket may be closed already
            self.intake.resume()
            self.transport.write_eof()

    def _drop_request(self) -> None:
        request, self._request = self._request, None
        self._body = None  # it refers to the request, which refers to this connection
        if request is not None:
            request.leave()

    def _enter(self, state: State) -> None:
        """Enter a state and set its deadline, unless a slow reader already has one."""
        self.state = state
        if not self.writer.is_paused:
            self.deadline = self.service.loop.time() + self.service.seconds[state]


def _drop(_part: bytes) -> None:
    """Drop a part of a body that nobody reads, because its request is answered."""


def _late(what: str, seconds: float) -> RequestTimeout:
    return RequestTimeout(f"The {what} did not arrive within {seconds:g} seconds.")


def _address(found: object) -> tuple[str, int] | None:
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
