"""Places of a booking: a part is cancelled, or exchanged for other places, all of it or nothing.

The kind of fault: a ticket of a place that went still opens the door, a press that counts twice, a booking with
neither its old places nor its new ones, and a colleague's sale that is lost.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import SEATS, confirm, make_event, place
from web.organise.staff import at_work
from web.visitor import Form, Page, press, visit

Json = dict[str, Any]


async def sold(client: httpx2.AsyncClient, *more: Json) -> Json:
    """Sell A-1-1 and A-1-2, and more lines. Return the booking."""
    event = await make_event(client, seat_map=SEATS, areas=[{"name": "lawn", "capacity": 9}])
    hold = await place(client, event, {"seats": ["A-1-1", "A-1-2"]}, *more, buyer={"name": "Ada Lovelace"})
    return await confirm(client, hold)


async def act(
    client: httpx2.AsyncClient, booking: Json, verb: str, *ticks: str, form: Form | None = None, **typed: str
) -> httpx2.Response:
    """Tick seats, fill in the form, and press one of its buttons."""
    at = f"/organise/bookings/{booking['id']}/places"
    form = form or (await visit(client, at)).form("/exchange")
    form = Form(form.action.removesuffix("exchange") + verb, form.fields)
    return await press(client, at, form, *(("seats", label) for label in ticks), **typed)


async def lines_of(client: httpx2.AsyncClient, booking: Json) -> list[Any]:
    lines = (await client.get(f"/v1/bookings/{booking['id']}")).json()["lines"]
    return [line["seats"] if "seats" in line else (line["area"], line["quantity"]) for line in lines]


async def test_a_part_is_cancelled_and_the_rest_stays(client: httpx2.AsyncClient) -> None:
    booking = await sold(client, {"area": "lawn", "quantity": 3})
    page = Page((await act(client, booking, "cancel", "A-1-1", counts="2")).text)
    assert "The places are cancelled." in page.text
    assert "A part cancelled" in page.text
    assert await lines_of(client, booking) == [["A-1-2"], ("lawn", 1)]
    taken = (await client.get(f"/v1/events/{booking['event_number']}/seats")).text
    assert ("A-1-1" in taken, "A-1-2" in taken) == (False, True)


@pytest.mark.parametrize(
    ("ticks", "typed", "after"),
    [
        (["A-1-1"], {"new_seats": "a-2-5"}, [["A-1-2"], ["A-2-5"]]),
        ([], {"new_seats": "A-2-1, A-2-2"}, [["A-2-1", "A-2-2"]]),
        (["A-1-1"], {"new_area": "lawn", "new_count": "1"}, [["A-1-2"], ("lawn", 1)]),
        (["A-1-2"], {"new_seats": "A-1-3", "new_count": ""}, [["A-1-1"], ["A-1-3"]]),
    ],
)
async def test_places_are_exchanged(
    client: httpx2.AsyncClient, ticks: list[str], typed: dict[str, str], after: list[Any]
) -> None:
    booking = await sold(client)
    page = Page((await act(client, booking, "exchange", *ticks, **typed)).text)
    assert "The booking has the other places." in page.text
    assert sorted(await lines_of(client, booking), key=str) == sorted(after, key=str)


async def test_the_best_seats_come_instead(client: httpx2.AsyncClient) -> None:
    booking = await sold(client)
    await act(client, booking, "exchange", best="2", category="stalls")
    (seats,) = await lines_of(client, booking)
    assert not {"A-1-1", "A-1-2"} & set(seats)


async def test_two_presses_exchange_once(client: httpx2.AsyncClient) -> None:
    booking = await sold(client)
    form = (await visit(client, f"/organise/bookings/{booking['id']}/places")).form("/exchange")
    for _ in range(2):
        page = Page((await act(client, booking, "exchange", "A-1-1", form=form, new_seats="A-2-5")).text)
        assert "The booking has the other places." in page.text
    assert sorted(await lines_of(client, booking)) == [["A-1-2"], ["A-2-5"]]


async def test_a_refusal_changes_nothing_and_keeps_what_was_typed(client: httpx2.AsyncClient) -> None:
    booking = await sold(client)
    await place(client, {"number": booking["event_number"]}, {"seats": ["A-1-3"]})
    cases: list[tuple[str, list[str], dict[str, str], str]] = [
        ("cancel", [], {}, "Tick the places that go."),
        ("exchange", ["A-1-1"], {}, "Choose what the booking has instead."),
        ("exchange", ["A-1-1"], {"new_seats": "A-2-1,A-2-2"}, "You chose 2 instead."),
        ("exchange", ["A-1-1"], {"new_count": "many"}, "Write how many places."),
        ("exchange", ["A-1-1"], {"new_seats": "A\u0007"}, "These are not labels of seats"),
        ("exchange", ["A-1-1"], {"new_seats": "A-9-9"}, "No such seat"),
        ("exchange", ["A-1-1"], {"new_seats": "A-1-3"}, "Someone else just took seat A-1-3."),
        ("exchange", ["A-1-4"], {"new_seats": "A-2-1"}, "Not in this booking"),
        ("cancel", ["A-1-4"], {}, "Not in this booking"),
    ]
    for verb, ticks, typed, says in cases:
        answer = await act(client, booking, verb, *ticks, **typed)
        page = Page(answer.text)
        assert answer.status_code in (404, 409, 422)
        assert says in page.text
        fields = dict(page.form("/exchange").fields)
        assert {name: fields[name] for name in typed} == typed
    assert await lines_of(client, booking) == [["A-1-1", "A-1-2"]]


async def test_two_colleagues_give_a_seat_once(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    """Both have the page open. The second is refused, and keeps its places."""
    first = await sold(client)
    hold = await place(client, {"number": first["event_number"]}, {"seats": ["A-2-1"]})
    second = await confirm(client, hold)
    async with (
        at_work(app, database_url, "owner") as ines,
        at_work(app, database_url, "box_office") as olga,
    ):
        forms = [
            (await visit(browser, f"/organise/bookings/{each['id']}/places")).form("/exchange")
            for browser, each in ((ines, first), (olga, second))
        ]
        done = await act(ines, first, "exchange", "A-1-1", form=forms[0], new_seats="A-2-5")
        refused = await act(olga, second, "exchange", "A-2-1", form=forms[1], new_seats="A-2-5")
        assert "The booking has the other places." in Page(done.text).text
        assert "Someone else just took seat A-2-5." in Page(refused.text).text
        assert await lines_of(ines, second) == [["A-2-1"]]


async def test_a_role_that_may_not_cancel_changes_no_places(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    booking = await sold(client)
    form = (await visit(client, f"/organise/bookings/{booking['id']}/places")).form("/exchange")
    for role in ("door", "reports"):
        async with at_work(app, database_url, role) as browser:
            shown = await visit(browser, f"/organise/bookings/{booking['id']}")
            assert "/places" not in str(shown.links).replace("/seats", "")
            for verb in ("cancel", "exchange"):
                answer = await act(browser, booking, verb, "A-1-1", form=form, new_seats="A-2-5")
                assert answer.status_code == 403
            assert await lines_of(browser, booking) == [["A-1-1", "A-1-2"]]
