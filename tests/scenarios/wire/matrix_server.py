"""The server under the matrix, which logs every request, and the checks of its state afterwards."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2

from scenarios.wire.matrix import Place
from support.serving import Serving

__all__ = ["api", "furnish", "held", "logged_server", "smuggled_events"]


@contextlib.contextmanager
def logged_server() -> Iterator[Serving]:
    """A server in open mode. At its end, its log must have the requests, and none from a body."""
    with tempfile.TemporaryDirectory(prefix="holdfast-wire-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        chosen = {"access_log": "1", "body_timeout_seconds": "60", "keep_alive_seconds": "5"}
        with Serving(Path(name) / "data", **chosen) as server:
            yield server
        log = "\n".join(server.said)
        assert "path=/v1/events" in log, "the requests were not logged"
        smuggled = [line for line in server.said if "smuggled" in line]
        assert not smuggled, smuggled[:5]
        assert "Traceback" not in log


def furnish(server: Serving, *, marks: int = 7) -> Place:
    """Create an event to sell, and some to read."""

    def event(name: str) -> int:
        made = api(server, "POST", "/v1/events", name=name, capacity=1_000_000, hold_ttl_seconds=1_800)
        number: int = made["number"]
        return number

    host = b"localhost:%d" % server.port
    numbers = tuple(event(f"Mark {number}") for number in range(marks))
    return Place(host=host, inner_host=host, sold=event("Sold"), marks=numbers)


def api(server: Serving, method: str, path: str, **body: Any) -> Any:
    """Send a request as staff, and return its JSON."""
    answer = httpx2.request(method, f"http://localhost:{server.port}{path}", json=body or None)
    assert answer.is_success, answer.text
    return answer.json()


def held(server: Serving, place: Place) -> int:
    """Return how many admissions of the sold event are taken."""
    count: int = api(server, "GET", f"/v1/events/{place.sold}/availability")["held"]
    return count


def smuggled_events(server: Serving) -> list[str]:
    events = api(server, "GET", "/v1/events?limit=200")["items"]
    return [event["name"] for event in events if "smuggled" in event["name"]]
