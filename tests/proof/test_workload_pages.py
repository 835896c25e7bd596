"""The pages as the proof's buyers read them: real pages, their sentences, and what stays uncertain."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from holdfast.web.sentences import sentence_for
from proof.workload import pages
from proof.workload.asking import outcome_of
from proof.workload.calls import Call, Held, Outcome
from proof.workload.events import Event
from proof.workload.wire import Answer, Request
from support.http_app import app, client, inventory

__all__ = ["app", "client", "inventory"]

MEMBERS: dict[str, Any] = {"title": "", "detail": "", "seats": ["A-1-1"], "limit": 4}


async def test_a_buyer_reads_the_seats_of_the_hold_and_the_reference_of_the_booking(
    client: httpx2.AsyncClient,
) -> None:
    event = await made(client, seat_map={"sections": [{"name": "A", "rows": 1, "seats_per_row": 6}]})
    opened = await asked(client, pages.open_event(event))
    assert (opened.res, opened.out["available"]) == ("ok", 6)
    held = await hold(client, event, {"seats": ["A-1-2", "A-1-3"]})
    assert held.seats == ["A-1-2", "A-1-3"]
    extended = await asked(client, pages.extend(held))
    assert extended.out["expires_at"] >= (held.expires_at or 0)
    booked = await asked(client, pages.book(held, held.form_key))
    listed = (await client.get("/v1/bookings")).json()["items"]
    assert [(row["id"], row["reference"], row["hold"]) for row in listed] == [
        (booked.out["booking"], booked.out["reference"], held.id)
    ]
    assert booked.out["seats"] == held.seats
    again = await asked(client, pages.book(held, held.form_key))
    assert (again.res, again.out) == ("ok", booked.out)
    late = await asked(client, pages.release(held))
    assert (late.res, late.code) == ("fail", "hold_already_confirmed")
    assert (await asked(client, pages.open_hold(held))).out["status"] == "confirmed"


async def test_a_buyer_reads_the_quantity_of_each_area(client: httpx2.AsyncClient) -> None:
    areas = [{"name": "floor", "capacity": 9}, {"name": "terrace & bar", "capacity": 5}]
    event = await made(client, areas=areas)
    opened = await asked(client, pages.open_event(event))
    assert opened.out["areas"] == {"floor": {"available": 9}, "terrace & bar": {"available": 5}}
    held = await hold(client, event, {"area": "terrace & bar", "quantity": 5})
    assert held.areas == {"terrace & bar": 5}
    assert (await asked(client, pages.open_event(event))).out["areas"]["terrace & bar"] == {"available": 0}
    assert (await asked(client, pages.release(held))).res == "ok"
    gone = await asked(client, pages.book(held, held.form_key))
    assert (gone.res, gone.code) == ("fail", "hold_released")


async def test_a_buyer_reads_why_a_hold_was_refused(client: httpx2.AsyncClient) -> None:
    event = await made(client, seat_map={"sections": [{"name": "A", "rows": 1, "seats_per_row": 3}]})
    await hold(client, event, {"seats": ["A-1-2"]})
    for line, code in (
        ({"seats": ["A-1-2"]}, "seat_taken"),
        ({"best": 2, "category": None}, "not_together"),
        ({"best": 3, "category": None}, "sold_out"),
        ({"seats": ["A-9-9"]}, "seat_unknown"),
    ):
        key = (await asked(client, pages.open_event(event))).form_key
        refused = await asked(client, pages.hold(event, key, line))
        assert (refused.res, refused.code) == ("fail", code)


@pytest.mark.parametrize("code", sorted(set(pages.CODE_OF_SENTENCE.values())))
def test_each_sentence_is_the_one_of_the_shop(code: str) -> None:
    """If a sentence of the shop changes, the buyers of the proof must know the new one."""
    said = sentence_for({**MEMBERS, "code": code})
    html = f'<h2 class="banner-title">{said.title}</h2>\n<p>{said.says} {said.then}</p>'
    call = pages.open_event(Event("e", 7, {}, [], 3, {"max_hold_ttl_seconds": 4}))
    assert outcome_of(call, Answer(409, html.encode(), replayed=False)).code == code


@pytest.mark.parametrize("status", [409, 500, 503])
def test_an_unknown_sentence_is_uncertain(status: int) -> None:
    said = sentence_for({**MEMBERS, "code": "outcome_unknown"})
    html = f'<div class="answer stack">\n<h1>{said.title}</h1>\n<p class="lead">{said.says}</p></div>'
    call = pages.open_event(Event("e", 7, {}, [], 3, {"max_hold_ttl_seconds": 4}))
    for text in (html, "<h1>Bad gateway</h1>", ""):
        assert outcome_of(call, Answer(status, text.encode(), replayed=False)).res == "info"


async def test_a_form_without_its_page_is_uncertain(client: httpx2.AsyncClient) -> None:
    event = await made(client, capacity=3)
    key = (await asked(client, pages.open_event(event))).form_key
    call = pages.hold(event, key, {"area": "general", "quantity": 1})
    answer = await sent(client, pressed(call))
    assert answer.status == 303
    for shown in (None, Answer(410, b"", replayed=False), Answer(200, b"<html>", replayed=False)):
        assert outcome_of(call, answer, shown).res == "info"


async def made(client: httpx2.AsyncClient, **rules: Any) -> Event:
    body = {"name": "Probe", "hold_ttl_seconds": 60, **rules}
    reply = (await client.post("/v1/events", json=body)).json()
    areas = {each["name"]: each["capacity"] for each in rules.get("areas", ())}
    limits = {"max_hold_ttl_seconds": 120, "allow_partial": False}
    return Event(reply["id"], reply["number"], areas or {"general": 3}, [], 60, limits)


async def hold(client: httpx2.AsyncClient, event: Event, line: dict[str, Any]) -> Held:
    key = (await asked(client, pages.open_event(event))).form_key
    outcome = await asked(client, pages.hold(event, key, line))
    assert outcome.res == "ok"
    out = outcome.out
    assert out["event"] == event.id
    return Held(
        **{name: out[name] for name in ("seats", "areas", "expires_at")},
        id=out["hold"],
        event=event,
        user="Ada",
        via="pages",
        token=outcome.token,
        form_key=outcome.form_key,
    )


async def asked(client: httpx2.AsyncClient, call: Call) -> Outcome:
    answer = await sent(client, pressed(call))
    onward = call.onward(answer) if call.onward else None
    return outcome_of(call, answer, None if onward is None else await sent(client, onward))


def pressed(call: Call) -> Request:
    request = call.request
    return Request(
        request.method, request.path, request.body, call.key, "", request.cookie, is_form=request.is_form
    )


async def sent(client: httpx2.AsyncClient, request: Request) -> Answer:
    """Send the very bytes of the workload's request, by another client."""
    head, _, body = request.encode(b"localhost").partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
    headers = [(name, value) for name, _, value in lines if name != "Content-Length"]
    client.cookies.clear()
    reply = await client.request(
        request.method, urljoin("http://localhost", request.path), content=body, headers=headers
    )
    cookie = reply.headers.get("set-cookie", "").partition(";")[0]
    return Answer(reply.status_code, reply.content, False, reply.headers.get("location", ""), cookie)
