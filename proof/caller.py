"""Caller: sells over `/v1` at its own pace, with many concurrent requests, all of them in the clients' log.

For parts that need a certain load or moment; the workload has clients of every kind.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from proof.log import ClientLog, LineWriter

__all__ = ["Answer", "Caller", "Wanted", "make_event", "microseconds", "write_setup"]

_PATIENCE_SECONDS = 10.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request as it is sent and as it is logged. A retry sends it unchanged."""

    f: str
    user: str
    key: str
    path: str
    body: dict[str, Any]
    logged: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a request.

    `sent` and `took` are seconds of the monotonic clock. `sent_at` and `received_at` are microseconds since the
    epoch on the wall clock, like the server's times.
    """

    f: str
    user: str
    status: int | None
    code: str | None
    body: dict[str, Any]
    sent: float
    took: float
    sent_at: int
    received_at: int

    @property
    def is_ok(self) -> bool:
        return self.status in (200, 201)

    @property
    def outcome(self) -> str:
        """The answer's code, or its status if it has none."""
        return self.code or str(self.status)


@dataclass(slots=True)
class Caller:
    """Connections to a deployment's servers, by port, kept open between requests."""

    log: ClientLog
    _idle: dict[int, deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    async def ask(self, port: int, wanted: Wanted, attempt: int = 1) -> Answer:
        """Send a request and return its result; never raises for faults of the server or the network."""
        number = self.log.invoke(
            proc=wanted.user,
            user=wanted.user,
            f=wanted.f,
            key=wanted.key,
            attempt=attempt,
            via="v1",
            given=wanted.logged,
        )
        sent, sent_at = time.monotonic(), time.time_ns() // 1000
        status: int | None = None
        body: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, body = await self._exchange(port, wanted)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            body = {"code": type(error).__name__}
        answer = Answer(
            f=wanted.f,
            user=wanted.user,
            status=status,
            code=body.get("code"),
            body=body,
            sent=sent,
            took=time.monotonic() - sent,
            sent_at=sent_at,
            received_at=time.time_ns() // 1000,
        )
        self.log.settle(
            number,
            res=_class_of(answer),
            status=status,
            code=answer.code,
            out=_out_of(wanted, answer) if answer.is_ok else None,
        )
        return answer

    def hang_up(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop()[1].close()

    def _kept(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Return an idle connection that the server has not closed, as far as known, or None."""
        idle = self._idle[port]
        while idle:
            reader, writer = idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    async def _exchange(self, port: int, wanted: Wanted) -> tuple[int, dict[str, Any]]:
        content = json.dumps(wanted.body).encode()
        head = (
            f"POST {wanted.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {wanted.key}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        idle = self._idle[port]
        reader, writer = self._kept(port) or await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode() + content)
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            answer = json.loads(await reader.readexactly(int(headers["content-length"])))
        except BaseException:
            writer.close()
            raise
        if headers.get("connection", "").lower() == "close":
            writer.close()
        else:
            idle.append((reader, writer))
        return int(first.split()[1]), answer


RULES = {"hold_ttl_seconds": 120, "max_per_hold": None}
"""The rules of an event whose trial says nothing of them, as `write_setup` writes them for the checker."""


def make_event(port: int, body: dict[str, Any]) -> dict[str, Any]:
    """Create an event as an organiser and return the answer. Raises RuntimeError if that fails."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            "POST", "/v1/events", json.dumps(RULES | body), {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        made: dict[str, Any] = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 201:
        raise RuntimeError(f"no event was made: {made}")
    return made


def write_setup(
    run: Path, *, seed: int, commit: str, settings: dict[str, Any], events: list[dict[str, Any]]
) -> None:
    """Write what the checker must know before the first request; `events` are in its format."""
    with LineWriter(run / "setup.jsonl") as lines:
        started = datetime.now(UTC).isoformat()
        lines.write({"e": "run", "seed": seed, "commit": commit, "started": started, "settings": settings})
        for event in events:
            lines.write(
                {
                    "e": "event",
                    "hold_ttl": RULES["hold_ttl_seconds"],
                    "limits": {},
                    "areas": {},
                    "rows": [],
                    **event,
                }
            )


def microseconds(text: str) -> int:
    """Return the microseconds since the epoch of a time of the API."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def _class_of(answer: Answer) -> str:
    if answer.is_ok:
        return "ok"
    status = answer.status
    sure = status is not None and (status < 500 or answer.code in ("busy", "unavailable"))
    return "fail" if sure else "info"


def _out_of(wanted: Wanted, answer: Answer) -> dict[str, Any]:
    body = answer.body
    if wanted.f == "release":
        return {"hold": body["id"], "status": body["status"]}
    if wanted.f == "cancel":
        return {"booking": body["id"], "hold": body["hold"], "status": body["status"]}
    content = {
        "event": body["event"],
        "seats": [label for line in body["lines"] for label in line.get("seats", ())],
        "areas": {line["area"]: line["quantity"] for line in body["lines"] if "area" in line},
    }
    if wanted.f == "hold":
        times = {name: microseconds(body[name]) for name in ("placed_at", "expires_at", "server_time")}
        return {"hold": body["id"], **content, **times}
    return {
        "booking": body["id"],
        "hold": body["hold"],
        **content,
        "confirmed_at": microseconds(body["confirmed_at"]),
    }
