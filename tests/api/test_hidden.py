"""What a stranger must not learn: that a draft exists, and whether an id or its token was wrong.

The kind is "answers that separate two secrets". Each public route is asked for a draft and for no event, and each
route of a hold for a wrong token and for no hold. The answers are equal, and so is the work: the statements that the
database got. Time is not measured, because a test on a busy machine cannot. Dialect 1's `POST /book` has two texts for
a wrong token and no hold, because its document has them.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest

from holdfast import ids
from support.comparing import comparable
from support.http_sales import Json, confirm, make_event, place

NOBODY = 999_999
TOKEN = "hfh_1_" + "A" * 43
LINES = [{"quantity": 1}]


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/v1/events/{event}", None),
    ("GET", "/v1/events/{event}/availability", None),
    ("GET", "/v1/events/{event}/seats", None),
    ("GET", "/v1/events/{event}/seat-map", None),
    ("GET", "/v1/events/{event}/seat-map/1", None),
    ("GET", "/v1/events/{event}/calendar.ics", None),
    ("GET", "/v1/events/{event}/stream", None),
    ("POST", "/v1/holds", {"event": "{event}", "lines": LINES}),
    ("GET", "/events/{event}", None),
    ("POST", "/holds", {"event_id": "{event}", "qty": 1}),
]


@pytest.mark.parametrize("by_id", [False, True], ids=["number", "id"])
@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_draft_is_no_event_to_a_guest(
    client: httpx2.AsyncClient,
    guest: httpx2.AsyncClient,
    statements: list[str],
    method: str,
    path: str,
    body: Any,
    *,
    by_id: bool,
):
    draft = await make_event(client, status="draft")
    absent = str(ids.make_id(NOBODY, unix_ms=ids.EPOCH_MS, random_bits=7))
    answers, work = [], []
    for event in (draft["id"], absent) if by_id else (draft["number"], NOBODY):
        for _ in range(2):  # the first request of a process may learn something
            statements.clear()
            given = (
                None if body is None else {**body, **{n: event for n, v in body.items() if v == "{event}"}}
            )
            key = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
            answer = await guest.request(method, path.replace("{event}", str(event)), json=given, headers=key)
            answers.append(comparable(answer))
            work.append(list(statements))
    assert [answer[0] for answer in answers] == [404] * 4
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert work[0] == work[1] == work[2] == work[3]


async def test_published_draft_is_on_sale_for_guests_at_once(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient
):
    draft = await make_event(client, status="draft")
    hold = {"event": draft["number"], "lines": LINES}
    key = {"Idempotency-Key": uuid4().hex}
    assert (await guest.post("/v1/holds", json=hold, headers=key)).status_code == 404
    await client.post(f"/v1/events/{draft['number']}/publish")
    assert (await guest.post("/v1/holds", json=hold, headers=key)).status_code == 201, "the refusal was kept"


OWNED: list[tuple[str, str, Json | None]] = [
    ("GET", "/v1/holds/{hold}", None),
    ("PATCH", "/v1/holds/{hold}", {"metadata": {"order": "A"}}),
    ("POST", "/v1/holds/{hold}/extend", {}),
    ("POST", "/v1/holds/{hold}/release", {}),
    ("POST", "/v1/bookings", {"hold": "{hold}", "hold_token": TOKEN}),
    ("GET", "/v1/bookings/{booking}", None),
    ("PATCH", "/v1/bookings/{booking}", {"metadata": {"order": "A"}}),
    ("POST", "/v1/bookings/{booking}/cancel", {}),
    ("POST", "/v1/bookings/{booking}/cancel", {"lines": [{"quantity": 1}]}),
    ("POST", "/v1/bookings/{booking}/exchange", {"lines": [{"quantity": 1}]}),
    ("GET", "/v1/bookings/{booking}/tickets", None),
    ("GET", "/v1/bookings/{booking}/tickets.pdf", None),
    ("GET", "/v1/bookings/{booking}/calendar.ics", None),
    ("POST", "/v1/bookings/{booking}/tickets/1/reissue", {}),
    ("POST", "/book", {"hold_id": "{hold}", "payment_token": TOKEN}),
]


@pytest.mark.parametrize("keyed", [False, True], ids=["no key", "retry key"])
@pytest.mark.parametrize(("method", "path", "body"), OWNED)
async def test_wrong_token_is_no_hold(
    client: httpx2.AsyncClient,
    guest: httpx2.AsyncClient,
    statements: list[str],
    method: str,
    path: str,
    body: Json | None,
    *,
    keyed: bool,
):
    """The claims of another's hold are not loaded, and its event is not locked, to refuse a wrong token."""
    event = await make_event(client)
    hold, sold = await place(client, event), await confirm(client, await place(client, event))
    absent = str(ids.make_id(event["number"], unix_ms=ids.EPOCH_MS, random_bits=7))
    answers, work = [], []
    for names in ({"hold": hold["id"], "booking": sold["id"]}, {"hold": absent, "booking": absent}):
        for _ in range(2):  # the first request of a process may learn something
            headers = {} if body and TOKEN in body.values() else {"Hold-Token": TOKEN}
            if keyed and method == "POST":
                headers["Idempotency-Key"] = str(uuid4())
            given = body and {n: names["hold"] if v == "{hold}" else v for n, v in body.items()}
            statements.clear()
            answer = await guest.request(method, path.format(**names), json=given, headers=headers)
            answers.append(comparable(answer))
            work.append(list(statements))
    assert work[1] == work[2] == work[3]
    assert [each.split()[0] for each in work[1]] == ["pool", "SELECT"], "one small read, and no batch"
    if path != "/book":
        assert [answer[0] for answer in answers] == [404] * 4
        assert answers[0] == answers[1] == answers[2] == answers[3]


async def test_token_of_an_older_server_key_still_opens_its_hold(
    client: httpx2.AsyncClient, database_url: str
):
    """Only the stored hash knows such a token. The server's own key makes another one."""
    event = await make_event(client)
    hold = await place(client, event)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE holds SET token_hash = %s", [sha256(TOKEN.encode()).digest()])
    old = {"Hold-Token": TOKEN}
    assert (await client.post(f"/v1/holds/{hold['id']}/extend", json={}, headers=old)).status_code == 200
    body = {"hold": hold["id"], "hold_token": TOKEN}
    booking = await client.post("/v1/bookings", json=body)
    assert booking.status_code == 201
    cancelled = await client.post(f"/v1/bookings/{booking.json()['id']}/cancel", headers=old)
    assert cancelled.json()["status"] == "cancelled"
