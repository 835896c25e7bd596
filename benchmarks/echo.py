"""Echo: the floor of every rate over HTTP. A bare ASGI application that reads a request and sends one fixed answer.

The environment names a file with a recorded answer of Holdfast. The echo sends the same bytes and does nothing else.
No Python program on this server answers faster.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ANSWER_VARIABLE = "BENCHMARK_ANSWER"
"""A JSON file: `status`, `headers` (pairs of text) and `body`."""


_ANSWER: list[dict[str, Any]] = []
"""The two messages of an answer, read at the start of the server."""


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        _ANSWER[:] = _messages()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    start, body = _ANSWER
    await send(start)
    await send(body)


def _messages() -> list[dict[str, Any]]:
    told = json.loads(Path(os.environ[ANSWER_VARIABLE]).read_text())
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told["headers"]]
    return [
        {"type": "http.response.start", "status": told["status"], "headers": headers},
        {"type": "http.response.body", "body": told["body"].encode()},
    ]
