"""The counter without scripts: one press holds and books, and says exactly what became of it.

The kind of fault: a press that books twice, a lost press that books later, places that nobody has and nobody can have,
and a page that says "booked" or "nothing" without knowing.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import SEATS, make_event, place
from web.organise.staff import ROLES, at_work
from web.visitor import Form, Page, press, visit

Json = dict[str, Any]


def counter_of(event: Json) -> str:
    return f"/organise/events/{event['number']}/counter"


async def sell(client: httpx2.AsyncClient, event: Json, form: Form | None = None, **typed: str) -> Page:
    at = counter_of(event)
    return Page((await press(client, at, form or (await visit(client, at)).form("/counter"), **typed)).text)


async def ask(client: httpx2.AsyncClient, event: Json, form: Form, **typed: str) -> Page:
    form = Form(f"{form.action}/ask", form.fields)
    return Page((await press(client, counter_of(event), form, **typed)).text)


async def bookings(client: httpx2.AsyncClient) -> list[Json]:
    found: list[Json] = (await client.get("/v1/bookings")).json()["items"]
    return found


async def free(client: httpx2.AsyncClient, event: Json) -> int:
    return int((await client.get(f"/v1/events/{event['number']}/availability")).json()["available"])


async def hall(client: httpx2.AsyncClient, **given: Any) -> Json:
    return await make_event(client, seat_map=SEATS, areas=[{"name": "lawn", "capacity": 9}], **given)


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ({"what": "2"}, 2),
        ({"what": "a-1-1, A-1-2"}, [{"seats": ["A-1-1", "A-1-2"], "category": "stalls"}]),
        ({"what": "A-1-1 A-2-5"}, [{"seats": ["A-1-1", "A-2-5"], "category": "stalls"}]),
        ({"what": "3", "where": "area:lawn"}, [{"area": "lawn", "quantity": 3}]),
    ],
)
async def test_a_press_books(client: httpx2.AsyncClient, typed: dict[str, str], lines: Any) -> None:
    page = await sell(client, await hall(client), **typed, name="Ada Lovelace", email="ada@example.org")
    (booking,) = await bookings(client)
    assert booking["quantity"] == lines if isinstance(lines, int) else booking["lines"] == lines
    assert booking["buyer"] == {"reference": None, "name": "Ada Lovelace", "email": "ada@example.org"}
    reference = booking["reference"]
    assert f"{reference[:4]}-{reference[4:]}" in page.text
    assert f"/organise/bookings/{booking['id']}/tickets.pdf" in str(page.links)
    shown = await client.get(f"/organise/bookings/{booking['id']}/tickets.pdf")
    assert shown.content.startswith(b"%PDF-")


async def test_an_event_with_one_area_takes_a_number(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    await sell(client, event, what="4")
    assert [booking["quantity"] for booking in await bookings(client)] == [4]


async def test_a_refusal_books_nothing_and_keeps_what_was_typed(client: httpx2.AsyncClient) -> None:
    event = await hall(client)
    await place(client, event, {"seats": ["A-1-3"]})
    before = await free(client, event)
    for typed, says in (
        ({"what": ""}, "Write how many"),
        ({"what": "0"}, "Write how many"),
        ({"what": "9999999999"}, "Write how many"),
        ({"what": "A\u0007"}, "Write how many"),
        ({"what": "2", "email": "nobody"}, "Write an address like"),
        ({"what": "A-9-9"}, "No such seat"),
        ({"what": "A-1-3"}, "Someone else just took seat A-1-3."),
        ({"what": "10", "where": "area:lawn"}, "There are 9 left."),
        ({"what": "2", "where": "area:roof"}, "No such area"),
        ({"what": "7"}, "Not side by side"),
    ):
        page = await sell(client, event, **typed)
        assert says in page.text
        assert dict(page.form("/counter").fields)["what"] == typed["what"]
    assert await bookings(client) == []
    assert await free(client, event) == before


async def test_an_event_that_counts_by_buyer_counts_at_the_counter(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, max_per_buyer=2)
    assert "Who are you?" in (await sell(client, event, what="1")).text
    await sell(client, event, what="2", email="ada@example.org")
    assert "Too many at once" in (await sell(client, event, what="1", email="ADA@example.org")).text
    assert len(await bookings(client)) == 1


async def test_two_presses_of_one_form_book_once(client: httpx2.AsyncClient) -> None:
    event = await hall(client)
    form = (await visit(client, counter_of(event))).form("/counter")
    first, second = await asyncio.gather(*(sell(client, event, form, what="2") for _ in range(2)))
    assert first.links == second.links
    assert len(await bookings(client)) == 1
    other = await sell(client, event, form, what="3")
    assert "Sent before" in other.text
    assert len(await bookings(client)) == 1


async def test_a_lost_answer_is_found_again(client: httpx2.AsyncClient) -> None:
    event = await hall(client)
    form = (await visit(client, counter_of(event))).form("/counter")
    sold = await sell(client, event, form, what="2")
    for _ in range(2):
        assert (await ask(client, event, form, what="2")).links == sold.links
    assert len(await bookings(client)) == 1


async def test_a_press_that_did_not_arrive_books_nothing_any_more(client: httpx2.AsyncClient) -> None:
    event = await hall(client)
    form = (await visit(client, counter_of(event))).form("/counter")
    assert "Nothing was booked" in (await ask(client, event, form, what="2")).text
    late = await sell(client, event, form, what="2")  # the request was still on its way
    assert "Given back" in late.text
    assert await bookings(client) == []
    assert await free(client, event) == 19


async def test_a_sale_that_ended_between_its_steps_gives_its_places_back(
    client: httpx2.AsyncClient, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died after the hold. The question releases it, and nobody waits for its end."""
    event = await hall(client)
    form = (await visit(client, counter_of(event))).form("/counter")
    inventory = app.request_class.inventory  # type: ignore[attr-defined]  # of our own requests
    with monkeypatch.context() as patch:

        async def dies(*_: Any, **__: Any) -> Any:
            raise asyncio.CancelledError

        patch.setattr(type(inventory), "execute", dies)
        with pytest.raises(asyncio.CancelledError):
            await sell(client, event, form, what="2")
    assert await free(client, event) == 17
    assert "Nothing was booked" in (await ask(client, event, form, what="2")).text
    assert await free(client, event) == 19


async def test_a_sale_and_its_question_at_once_agree(client: httpx2.AsyncClient) -> None:
    event = await hall(client)
    form = (await visit(client, counter_of(event))).form("/counter")
    _, asked = await asyncio.gather(sell(client, event, form, what="2"), ask(client, event, form, what="2"))
    again = await ask(client, event, form, what="2")
    sold = len(await bookings(client))
    assert sold == ("Nothing was booked" not in asked.text) == ("Nothing was booked" not in again.text)
    assert await free(client, event) == 19 - 2 * sold


async def test_two_counters_never_sell_a_seat_twice(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    event = await hall(client)
    async with (
        at_work(app, database_url, "box_office", name="olga") as olga,
        at_work(app, database_url, "box_office", name="ines") as ines,
    ):
        pages = await asyncio.gather(*(sell(each, event, what="A-1-1, A-1-2") for each in (olga, ines)))
        assert sorted("Just taken" in page.text for page in pages) == [False, True]
        assert len(await bookings(olga)) == 1


@pytest.mark.parametrize("role", ROLES)
async def test_who_sells_opens_the_counter(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    event = await hall(client)
    allowed = role in ("owner", "manager", "box_office")
    async with at_work(app, database_url, role) as browser:
        overview = await visit(browser, f"/organise/events/{event['number']}")
        assert (counter_of(event) in str(overview.links)) is allowed
        assert (await browser.get(counter_of(event))).status_code == (200 if allowed else 403)
        for path in ("", "/ask"):
            form = {"form_key": str(uuid4()), "what": "1"}
            answer = await browser.post(counter_of(event) + path, data=form)
            assert answer.status_code == (303 if allowed else 403)


async def test_another_organisation_sells_nothing_here(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    event = await hall(client)
    await sell(client, event, what="1")
    (booking,) = await bookings(client)
    async with at_work(app, database_url, "owner", organisation=2) as browser:
        for path in ("", "/ask"):
            form = {"form_key": str(uuid4()), "what": "1"}
            assert (await browser.post(counter_of(event) + path, data=form)).status_code == 404
        assert (await browser.get(f"/organise/bookings/{booking['id']}/tickets.pdf")).status_code == 404
