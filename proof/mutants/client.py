"""Client of the probes: one request at a time, without a library that would retry, check or repair anything."""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import psycopg

from proof.system import Deployment

T = TypeVar("T")

_TICK_SECONDS = 0.01
_PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `body` is empty if it was no JSON object."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The code of a problem; else empty."""
        return str(self.body.get("code", ""))

    def __str__(self) -> str:
        return f"{self.status} {self.code or 'ok'}"


class Shop:
    """A deployment as its callers see it. It records every 500, because no request excuses one."""

    def __init__(self, deployment: Deployment, *, api_key: str | None = None) -> None:
        self.deployment = deployment
        self.api_key = api_key
        self.errors: list[str] = []

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        server: int = 0,
        key: str | None = None,
        token: str | None = None,
        **headers: str,
    ) -> Reply:
        """Send a request and return the answer.

        `key` is the Idempotency-Key, `token` the hold's. Other headers are given by name, with `_` for `-`.
        """
        sent = {"Accept": "application/json", **{n.replace("_", "-"): value for n, value in headers.items()}}
        if body is not None:
            sent["Content-Type"] = "application/json"
        bearer = None if self.api_key is None else f"Bearer {self.api_key}"
        named = {"Idempotency-Key": key, "Hold-Token": token, "Authorization": bearer}
        sent |= {name: value for name, value in named.items() if value is not None}
        host, _, port = self.deployment.urls[server].removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=_PATIENCE_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        reply = Reply(
            answer.status,
            json.loads(content) if content[:1] == b"{" else {},
            {name.lower(): value for name, value in answer.getheaders()},
        )
        if reply.status == 500:
            self.errors.append(f"{method} {path} was answered {reply}")
        return reply

    def event(self, **rules: Any) -> dict[str, Any]:
        """Create an event. Raises RuntimeError if it is refused."""
        made = self.ask("POST", "/v1/events", {"name": "Probe", **rules}, key=uuid.uuid4().hex)
        if made.status != 201:
            raise RuntimeError(f"no event was made: {made} {made.body}")
        return made.body

    def hold(self, event: dict[str, Any], *lines: dict[str, Any], server: int = 0, **more: Any) -> Reply:
        key = more.pop("key", None)
        body = {"event": event["id"], "lines": list(lines), **more}
        return self.ask("POST", "/v1/holds", body, server=server, key=key)

    def held(self, event: dict[str, Any], *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Place a hold and return it. Raises RuntimeError if it is refused."""
        reply = self.hold(event, *lines, **more)
        if reply.status != 201:
            raise RuntimeError(f"no hold was placed: {reply} {reply.body}")
        return reply.body

    def book(self, hold: dict[str, Any], *, server: int = 0, key: str | None = None) -> Reply:
        body = {"hold": hold["id"], "hold_token": hold["hold_token"]}
        return self.ask("POST", "/v1/bookings", body, server=server, key=key)

    @contextmanager
    def sql(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Connect with the product's role, without proxies; each statement commits by itself."""
        with psycopg.connect(self.deployment.sql_url, autocommit=True) as connection:
            yield connection

    @contextmanager
    def locked(self, event: dict[str, Any]) -> Iterator[Callable[[int], None]]:
        """Lock the event's row. Call the yielded function to wait until `count` transactions wait for it."""
        with self.sql() as connection, self.sql() as looker:
            connection.execute("BEGIN")
            found = connection.execute(
                "SELECT FROM inventories WHERE event_number = %s FOR NO KEY UPDATE", [event["number"]]
            )
            if found.rowcount != 1:
                raise RuntimeError("the event to lock does not exist")
            yield lambda count: wait_until(lambda: _waiting(looker) >= count)

    def wait_for_time(self, moment: str) -> None:
        """Wait until the database's clock is past a moment."""
        with self.sql() as connection:
            due = datetime.fromisoformat(moment)
            wait_until(lambda: _value(connection, "SELECT clock_timestamp() > %s", due))


class Meanwhile(Generic[T]):
    """A call in its own thread; `result` waits for it."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._found: list[T] = []
        self._thread = threading.Thread(target=lambda: self._found.append(call()), daemon=True)
        self._thread.start()

    def result(self) -> T:
        self._thread.join(2 * _PATIENCE_SECONDS)
        if not self._found:
            raise RuntimeError("a request has no answer")
        return self._found[0]


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition. Raises TimeoutError."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("a probe's condition is not met")
        time.sleep(_TICK_SECONDS)


def _waiting(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    return int(_value(connection, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def _value(connection: psycopg.Connection[tuple[Any, ...]], statement: str, *values: Any) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]
