"""Every wrong input to every route that reads is refused quickly, and changes no row."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from urllib.parse import quote

import pytest

from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from holdfast.http.routes import Endpoint
from scenarios.hostile import rows
from scenarios.hostile.asking import MAX_ANSWER_SECONDS, Ask, ask, digest
from scenarios.hostile.shop import Shop

READS = [one for one in all_endpoints() if one.method == "GET" and one.operation_id != "stream_event"]
every_read = pytest.mark.parametrize("endpoint", READS, ids=[one.path for one in READS])

SLOWEST_SECONDS = 10
"""The limit for all requests of a test together. A `pg_sleep(10)` in one of them would exceed it."""

WRONG_VALUES: dict[str, list[bytes]] = {
    "limit": [b"0", b"-1", b"201000", b"1000000000", b"9223372036854775808", b"9" * 40, b"1.0", b"1e1", b"0x1", b"true",
              b"%D9%A1", b"1_0", b"+1", b"%201", b"", b"ten"],
    "cursor": [b"", b"a", b"AAAA", b"AA==", b"%FF", b"..", b"e30", b"a" * 1_001, b"%F0%9F%8E%AD", b"WzFd", b"'", b"-1",
               b"A" * 500, b"eyJhIjoxfQ"],
    "since": [b"-1", b"9223372036854775808", b"9" * 40, b"1.0", b"latest", b"", b"%D9%A1", b"true"],
    "as_of": [b"tomorrow", b"now", b"infinity", b"2027-02-30T00:00:00Z", b"2026-01-01", b"2026-01-01T00:00:00", b"",
              b"0000-01-01T00:00:00Z", b"10000-01-01T00:00:00Z", b"1", b"2026-01-01T00:00:60Z",
              b"2026-01-01T00:00:00+99:00"],
    "span": [b"", b"HOUR", b"year", b"hour,day", b"1", b"%00"],
    "form": [b"", b"PACKED", b"packed,columns", b"1", b"%00"],
    "revision": [b"-1", b"1.0", b"1e1", b"9" * 40, b"2147483648", b"%D9%A1", b"", b"ten"],
    "first": [b"0", b"-1", b"1.0", b"1e1", b"9" * 40, b"%D9%A1", b"", b"ten"],
    "all": [b"1", b"yes", b"", b"TRUE", b"null"],
    "lifted": [b"1", b"yes", b"", b"TRUE", b"null"],
    "small": [b"1", b"yes", b"", b"TRUE", b"null"],
    "on_sale": [b"1", b"yes", b"", b"TRUE", b"null"],
    "status": [b"", b"PENDING", b"published'--", b"held,booked", b"%F0%9F%8E%AD"],
    "starts_from": [b"tomorrow", b"infinity", b"", b"2026-01-01", b"2027-02-30T00:00:00Z"],
    "until": [b"tomorrow", b"infinity", b"", b"2026-01-01", b"2027-02-30T00:00:00Z", b"1"],
    "principal": [b"", b"a" * 2_000],
    "action": [b"", b"a" * 2_000],
    "object": [b"", b"a" * 2_000],
    "starts_before": [b"tomorrow", b"infinity", b"", b"2026-01-01", b"2027-02-30T00:00:00Z"],
    "text": [b"", b"a" * 2_000, b"%E2%80%AE"],
    "buyer": [b"", b"a" * 2_000, b"%E2%80%AE"],
    "reference": [b"", b"a", b"7Z3K91Q", b"7Z3K91QX0", b"UUUUUUUU", b"7Z3K91Q!", b"%D9%A1" * 8, b"a" * 2_000],
    "q": [b"", b"a" * 2_000, b"%E2%80%AE"],
    "event": [b"", b"-1", b"0", b"1.0", b"0x1", b"%D9%A1", b"9" * 40, b"1099511627776", b"a"],
    "metadata": [b"", b"a", b"{}", b"%7B%22a%22%3A1%7D", b"null"],
    "version": [b"0", b"-1", b"1.0", b"latest", b"", b"9" * 40, b"%D9%A1"],
    "event_id": [b"", b"-1", b"0", b"1.0", b"%D9%A1", b"9" * 40, b"1099511627776", b"a"],
}  # fmt: skip


def _good(endpoint: Endpoint, shop: Shop) -> Ask:
    """Return a good request to the route, with ids and a token of the shop."""
    values = {
        "event": str(shop.event["number"]),
        "hold": shop.hold["id"],
        "booking": shop.booking["id"],
        "ticket": "1",
        "label": "A-1-1",
        "map_version": "1",
        "event_id": str(shop.event["number"]),
        "show_id": str(shop.show),
        "file": "icon.svg",
        "code": "sold_out",
        "seat_map": shop.seat_map,
        "webhook": shop.webhook,
        "organisation": "1",
        "key": "k3v9x0q2m7ab",
    }
    path = endpoint.path.format(**values)
    token = shop.booked if "{booking}" in endpoint.path else shop.hold
    headers = ((b"hold-token", token["hold_token"].encode()),) if "old" in endpoint.path else ()
    if endpoint.path.startswith("/v1/me/"):
        headers = ((b"cookie", shop.cookie.encode()),)
    query = b"event_id=%d" % shop.show if endpoint.path.rstrip("/") == "/seats" else b""
    return Ask(method="GET", path=path.encode(), headers=headers, query=query)


@every_read
async def test_a_wrong_query_is_refused(app: Application, database_url: str, shop: Shop, endpoint: Endpoint):
    good = _good(endpoint, shop)
    before, wrong = digest(database_url), []
    for name in endpoint.query_annotations:
        for value in WRONG_VALUES[name]:
            answer = await ask(app, replace(good, query=name.encode() + b"=" + value))
            if answer.status not in {400, 404, 422}:
                wrong.append(f"{name}={value!r}: {answer.status} {answer.body[:200]!r}")
        answer = await ask(app, replace(good, query=b"%s=1&%s=1" % (name.encode(), name.encode())))
        assert answer.status in {400, 422}
    for label, (status, query) in rows.QUERIES.items():
        answer = await ask(app, replace(good, query=query))
        expected = {status} if not endpoint.lenient or status != 422 else {200, 400, 422}
        if answer.status not in expected:
            wrong.append(f"{label}: {answer.status} instead of {sorted(expected)}")
    assert not wrong, "\n".join(wrong)
    assert digest(database_url) == before
    assert (await ask(app, good)).status in {200, 307, *_without_file(endpoint)}


def _without_file(endpoint: Endpoint) -> set[int]:
    """The event of the shop has no date and no poster. The server has no wallets, and in open mode no key."""
    return (
        {404}
        if endpoint.path.endswith(("/calendar.ics", "/poster", "-wallet", ".pkpass", "{key}"))
        else set()
    )


@every_read
async def test_a_wrong_path_is_not_found(app: Application, shop: Shop, endpoint: Endpoint):
    good, wrong = _good(endpoint, shop), []
    segments = good.path.split(b"/")
    for place, part in enumerate(endpoint.path.split("/")):
        if not part.startswith("{"):
            continue
        for name, other in rows.PATH_VALUES.items():
            path = b"/".join([*segments[:place], other, *segments[place + 1 :]])
            answer = await ask(app, replace(good, path=path))
            expected = rows.PATH_STATUSES.get(name, 404)
            if answer.status != expected and not _is_right_here(part, name, answer.status):
                wrong.append(f"{part} {name}: {answer.status} instead of {expected}: {answer.body[:200]!r}")
    assert not wrong, "\n".join(wrong)


def _is_right_here(part: str, name: str, status: int) -> bool:
    """Whether a wrong value for most paths is a right one here: `1` with blanks is a valid label."""
    if part == "{map_version}":
        return status == 200 and name == "0"
    if name == "nothing":
        return status in {200, 405}  # `/events/` is another route
    return part == "{label}" and status == 404


@every_read
async def test_strange_texts_in_queries_find_nothing_quickly(
    app: Application, database_url: str, shop: Shop, endpoint: Endpoint
):
    good, before, began = _good(endpoint, shop), digest(database_url), time.monotonic()
    for name in endpoint.query_annotations:
        for text in rows.STRANGE_TEXTS:
            await ask(app, replace(good, query=f"{name}={quote(text, safe='')}".encode()))
    for text in rows.STRANGE_TEXTS:
        headers = (
            (b"if-none-match", text.encode()),
            (b"accept", text.encode()),
            (b"accept-encoding", text.encode()),
        )
        answer = await ask(app, replace(good, headers=(*good.headers, *headers)))
        assert answer.status in {200, 304, 307, *_without_file(endpoint)}
    if not endpoint.path.endswith(".pdf"):  # a process of its own makes each
        assert time.monotonic() - began < SLOWEST_SECONDS
    assert digest(database_url) == before


@pytest.mark.parametrize("last", [b"-1", b"9" * 40, b"\xff", b"1.5", b"a", b"", b"999999999999999999", b"0"])
async def test_a_stream_begins_with_any_last_event_id(app: Application, shop: Shop, last: bytes):
    """With any `Last-Event-ID`, the first message has the complete counts."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "path": "",
        "raw_path": b"/v1/events/%d/stream" % shop.event["number"],
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"last-event-id", last)],
        "client": ("127.0.0.1", 1),
    }
    sent: list[dict[str, object]] = []
    has_first = asyncio.Event()

    async def receive() -> dict[str, object]:
        await has_first.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)
        if len(sent) == 3:
            has_first.set()

    async with asyncio.timeout(MAX_ANSWER_SECONDS):
        await app(scope, receive, send)
    assert sent[0]["status"] == 200
    assert b'"available":' in sent[2]["body"]
