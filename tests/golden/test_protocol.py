"""Golden files of HTTP itself: refusals, HEAD, conditions, weights, invalid JSON, and open mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden.asking import Deployment, Request, ask, entry_of
from golden.files import compare
from golden.masking import Mask
from golden.protocol import OPEN_MODE, about_conditions, about_http, about_json
from golden.walking import DOCUMENTS, Document, Walk
from support.http_app import NEVER_SECONDS, running_app

MAX_PATH = 100


async def _entries(app: Any, requests: Mapping[str, Request]) -> dict[str, Any]:
    mask = Mask()
    found = {}
    for name, request in requests.items():
        line = f"{request.method} {request.path[:MAX_PATH]}{'?' if request.query else ''}{request.query[:MAX_PATH]}"
        found[name] = {"asked": line, **entry_of(await ask(app, request), mask)}
    return found


async def _make_event(deployment: Deployment, document: Document) -> None:
    await Walk(deployment, document).do("create_event", json={"name": "Concert", "capacity": 10})


async def test_http_requests_are_answered_as_recorded(deployment: Deployment, document: Document):
    """HEAD of the document has the length of the document, whose own record shows every change."""
    await _make_event(deployment, document)
    found = await _entries(deployment.app, about_http())
    whole = await ask(deployment.app, Request(method="GET", path=DOCUMENTS["openapi"]))
    found["HEAD of the document"]["headers"].remove(f"content-length: {len(whole.body)}")
    compare("protocol", found)


async def test_unusual_json_is_answered_as_recorded(deployment: Deployment, document: Document):
    await _make_event(deployment, document)
    compare("protocol_json", await _entries(deployment.app, about_json()))


async def test_conditions_are_answered_as_recorded(deployment: Deployment, document: Document):
    await _make_event(deployment, document)
    read = await ask(deployment.app, Request(method="GET", path="/v1/events/1/availability"))
    compare("protocol_conditions", await _entries(deployment.app, about_conditions(read.header("etag"))))


async def test_every_path_allows_the_recorded_methods(deployment: Deployment, document: Document):
    paths = sorted({path for _, path in document.places.values()})
    found = {}
    for path in paths:
        answer = await ask(
            deployment.app, Request(method="DELETE", path=path.replace("{", "").replace("}", ""))
        )
        found[path] = f"{answer.status} {answer.header('allow')}"
    compare("protocol_methods", found)


async def test_open_mode_is_answered_as_recorded(database_url: str):
    async with running_app(database_url, live_check_interval_seconds=NEVER_SECONDS) as app:
        compare("protocol_open_mode", await _entries(app, OPEN_MODE))


async def test_open_mode_ends_with_a_key(deployment: Deployment):
    async with running_app(deployment.database_url, live_check_interval_seconds=NEVER_SECONDS) as app:
        closed = await ask(app, Request(method="GET", path="/v1/bookings", peer="127.0.0.1"))
    assert closed.status == 401
