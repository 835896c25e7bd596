"""Golden files of HTTP itself: refusals, HEAD, conditions, weights, JSON that is none, and open mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from golden.asking import Asked, House, ask, entry_of
from golden.files import compare
from golden.masking import Mask
from golden.protocol import OPEN_MODE, about_conditions, about_http, about_json
from golden.walking import Document, Walk
from support.http_app import NEVER_SECONDS, running_app

MAX_PATH = 100


async def _entries(app: Any, requests: Mapping[str, Asked]) -> dict[str, Any]:
    mask = Mask()
    found = {}
    for name, asked in requests.items():
        line = f"{asked.method} {asked.path[:MAX_PATH]}{'?' if asked.query else ''}{asked.query[:MAX_PATH]}"
        found[name] = {"asked": line, **entry_of(await ask(app, asked), mask)}
    return found


async def _make_event(house: House, document: Document) -> None:
    await Walk(house, document).do("create_event", json={"name": "Concert", "capacity": 10})


async def test_http_itself_is_answered_as_recorded(house: House, document: Document):
    await _make_event(house, document)
    compare("protocol", await _entries(house.app, about_http()))


async def test_a_body_that_is_hardly_json_is_refused_as_recorded(house: House, document: Document):
    await _make_event(house, document)
    compare("protocol_json", await _entries(house.app, about_json()))


async def test_conditions_are_answered_as_recorded(house: House, document: Document):
    await _make_event(house, document)
    read = await ask(house.app, Asked(method="GET", path="/v1/events/1/availability"))
    compare("protocol_conditions", await _entries(house.app, about_conditions(read.header("etag"))))


async def test_every_path_allows_the_recorded_methods(house: House, document: Document):
    paths = sorted({path for _, path in document.places.values()})
    found = {}
    for path in paths:
        answer = await ask(house.app, Asked(method="DELETE", path=path.replace("{", "").replace("}", "")))
        found[path] = f"{answer.status} {answer.header('allow')}"
    compare("protocol_methods", found)


async def test_open_mode_is_answered_as_recorded(database_url: str):
    async with running_app(database_url, live_check_interval_seconds=NEVER_SECONDS) as app:
        compare("protocol_open_mode", await _entries(app, OPEN_MODE))


async def test_open_mode_ends_with_a_key(house: House):
    async with running_app(house.database_url, live_check_interval_seconds=NEVER_SECONDS) as app:
        closed = await ask(app, Asked(method="GET", path="/v1/bookings", peer="127.0.0.1"))
    assert closed.status == 401
