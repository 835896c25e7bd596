"""Caller: sells over `/v1` at its own pace, many requests at once, each of them in the clients' log.

For the parts that need a certain load, or a certain moment; the workload has clients of every kind.
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
    """A request, as it is sent and as it is logged. Who asks again asks for the same."""

    f: str
    user: str
    key: str
    path: str
    body: dict[str, Any]
    logged: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a request.

    `sent` and `took` are seconds of the monotonic clock; `sent_at` and `came_at` are of the clock on the wall, in
    microseconds since the epoch, as the server's times are.
    """

    f: str
    user: str
    status: int | None
    code: str | None
    body: dict[str, Any]
    sent: float
    took: float
    sent_at: int
    came_at: int

    @property
    def is_ok(self) -> bool:
        return self.status in (200, 201)

    @property
    def said(self) -> str:
        """Its code, or its status where it has none."""
        return self.code or str(self.status)


@dataclass(slots=True)
class Caller:
    """Connections to the servers of a deployment, by port, kept open from one request to the next."""

    log: ClientLog
    _idle: dict[int, deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    async def ask(self, port: int, wanted: Wanted, attempt: int = 1) -> Answer:
        """Never raises for what a server, or the way to it, may do."""
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
            came_at=time.time_ns() // 1000,
        )
        self.log.settle(
            number,
            res=_class_of(answer),
            status=status,
            code=answer.code,
            out=_told(wanted, answer) if answer.is_ok else None,
        )
        return answer

    def hang_up(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop()[1].close()

    def _kept(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection that the server has not ended meanwhile, as far as is known here."""
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


def make_event(port: int, asked: dict[str, Any]) -> dict[str, Any]:
    """As an organiser makes it; what was answered. Raises RuntimeError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/v1/events", json.dumps(asked), {"Content-Type": "application/json"})
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
    """What the checker has to know before the first request; `events` in its own words."""
    with LineWriter(run / "setup.jsonl") as lines:
        started = datetime.now(UTC).isoformat()
        lines.write({"e": "run", "seed": seed, "commit": commit, "started": started, "settings": settings})
        for event in events:
            lines.write({"e": "event", "hold_ttl": 120, "limits": {}, "areas": {}, "rows": [], **event})


def microseconds(text: str) -> int:
    """Of a time of the API, since the epoch."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def _class_of(answer: Answer) -> str:
    if answer.is_ok:
        return "ok"
    status = answer.status
    sure = status is not None and (status < 500 or answer.code in ("busy", "unavailable"))
    return "fail" if sure else "info"


def _told(wanted: Wanted, answer: Answer) -> dict[str, Any]:
    body = answer.body
    if wanted.f == "release":
        return {"hold": body["id"], "status": body["status"]}
    if wanted.f == "cancel":
        return {"booking": body["id"], "hold": body["hold"], "status": body["status"]}
    told = {
        "event": body["event"],
        "seats": [label for line in body["lines"] for label in line.get("seats", ())],
        "areas": {line["area"]: line["quantity"] for line in body["lines"] if "area" in line},
    }
    if wanted.f == "hold":
        times = {name: microseconds(body[name]) for name in ("placed_at", "expires_at", "server_time")}
        return {"hold": body["id"], **told, **times}
    return {
        "booking": body["id"],
        "hold": body["hold"],
        **told,
        "confirmed_at": microseconds(body["confirmed_at"]),
    }
