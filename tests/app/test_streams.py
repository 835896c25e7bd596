"""Streams of a real server, over sockets and until its stop."""

from __future__ import annotations

import http.client
import json
import signal
from pathlib import Path

from support.serving import Serving


def _post(port: int, path: str, body: dict[str, object]) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content: dict[str, object] = json.loads(answer.read())
    assert answer.status == 201, content
    connection.close()
    return content


def _read_event(answer: http.client.HTTPResponse) -> dict[str, object]:
    for line in answer:
        if line.startswith(b"data: "):
            content: dict[str, object] = json.loads(line.removeprefix(b"data: "))
            return content
    raise AssertionError("the stream ended")


def test_a_stream_has_other_workers_sales_and_ends_at_a_stop(open_folder: Path) -> None:
    """Either of two workers may sell. The stop does not wait for clients that would stay forever."""
    with Serving(open_folder / "data", workers="2", shutdown_seconds="30") as server:
        event = _post(server.port, "/v1/events", {"name": "Concert", "capacity": 10})
        stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        stream.request("GET", f"/v1/events/{event['number']}/stream")
        answer = stream.getresponse()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert _read_event(answer)["available"] == 10
        for _ in range(4):  # on separate connections, so that both workers sell
            _post(server.port, "/v1/holds", {"event": event["number"], "lines": [{"quantity": 1}]})
        while (content := _read_event(answer))["version"] != 4:
            pass
        assert content["available"] == 6
        assert server.signal(signal.SIGTERM) == 0
        assert answer.read().replace(b"\n", b"").replace(b": keep-alive", b"") == b""
        stream.close()
