"""A purchase without scripts: programme, event, hold, booking. Each page says what happened and what comes next."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx2
import pytest

from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from support.selling import move_time, new_event, place, quantity
from web.visitor import Page, press, visit


async def hold_two(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    page = await visit(client, f"/e/{number}")
    return await press(client, f"/e/{number}", page.form("/hold"), quantity="2")


async def test_a_visitor_buys_from_the_programme_to_the_booking(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    programme = await visit(client, "/whats-on")
    assert f"./e/{number}" in programme.links

    held = await hold_two(client, number)
    assert held.status_code == 200
    page = Page(held.text)
    assert "2 places are yours until" in page.text

    booked = await press(client, held.url.path, page.form("/confirm"), name="Ada", email="ada@example.org")
    assert booked.status_code == 200
    assert "2 places are booked for Ada" in Page(booked.text).text
    (booking,) = await inventory.queries.list_bookings(number, before=None, limit=9)
    assert f"{booking.reference[:4]}-{booking.reference[4:]}" in booked.text
    assert (booking.buyer_name, booking.buyer_email, booking.quantity) == ("Ada", "ada@example.org", 2)


async def test_seats_are_chosen_by_section_row_and_seat(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    number = await new_event(inventory, widths=(3, 3))
    await place(inventory, number, c.SeatsLine(labels=("A-1-2",)))
    page = await visit(client, f"/e/{number}?section=A&row=1")
    form = next(form for form in page.forms if "together" not in dict(form.fields))
    held = await press(client, f"/e/{number}", form, ("seat", "A-1-1"), ("seat", "A-1-3"))
    assert "Seats A-1-1, A-1-3" in Page(held.text).text

    refused = await press(client, f"/e/{number}", form, ("seat", "A-1-2"))
    assert refused.status_code == 422  # the key of this page belongs to the first choice
    again = await visit(client, f"/e/{number}?section=A&row=1")
    assert "Seat A-1-2, gold, taken" in again.text


async def test_seats_side_by_side_have_one_address(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    """Seats that are apart have their labels alone."""
    number = await new_event(inventory, widths=(6,))
    for seats, address in ((("A-1-3", "A-1-2"), "Section A Row 1 Seats 2–3"), (("A-1-4", "A-1-6"), None)):
        page = await visit(client, f"/e/{number}?section=A&row=1")
        form = next(form for form in page.forms if not {"together", "seat"} & dict(form.fields).keys())
        held = await press(client, f"/e/{number}", form, *(("seat", seat) for seat in seats))
        said = " ".join(re.sub("<[^>]+>", " ", held.text).split())
        assert ("Section A" in said) is (address is not None)
        assert address is None or address in said
        assert all(seat in said for seat in seats)
        assert f"Seats {', '.join(sorted(seats))}" in said, "whatever the order in which they were chosen"


async def test_the_programme_opens_with_the_next_event_that_has_something_left(
    client: httpx2.AsyncClient,
) -> None:
    """Not with a sold-out one, nor above what was searched for."""
    for day, capacity in ((1, 1), (2, 5), (3, 5)):
        body = {"name": f"Evening {day}", "capacity": capacity, "starts_at": f"2099-01-0{day}T20:00:00Z"}
        assert (await client.post("/v1/events", json=body)).status_code == 201
    found = (await client.get("/v1/events")).json()["items"]
    first = next(event["number"] for event in found if event["name"] == "Evening 1")
    await client.post("/v1/holds", json={"event": first, "lines": [{"quantity": 1}]})
    page = (await client.get("/whats-on")).text
    assert re.findall(r'<h2 class="event-title"><bdi>([^<]+)', page) == ["Evening 2"]
    assert 'class="feature"' not in (await client.get("/whats-on?q=Evening")).text


async def test_a_group_that_fits_is_held_by_one_press(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    """The number stays while other rows are opened. A group that no longer fits is offered no more."""
    number = await new_event(inventory, widths=(9, 4))
    await place(inventory, number, c.SeatsLine(labels=("A-1-5",)))
    page = await visit(client, f"/e/{number}?section=A&row=1&together=3")
    groups = [form for form in page.forms if any(name == "seat" for name, _ in form.fields)]
    assert [[value for name, value in form.fields if name == "seat"] for form in groups] == [
        ["A-1-1", "A-1-2", "A-1-3"],
        ["A-1-2", "A-1-3", "A-1-4"],
        ["A-1-6", "A-1-7", "A-1-8"],
        ["A-1-7", "A-1-8", "A-1-9"],
    ]
    assert "Hold seats 6 to 8" in page.text
    assert "8 left, 4 together" in page.text
    assert any("row=2&together=3" in link for link in page.links)
    held = await press(client, f"/e/{number}", groups[2])
    assert "Seats A-1-6, A-1-7, A-1-8" in Page(held.text).text
    after = await visit(client, f"/e/{number}?section=A&row=1&together=3")
    assert "Hold seats 2 to 4" in after.text
    assert "Hold seats 6 to 8" not in after.text


@pytest.mark.parametrize("together", ["0", "-1", "1001", "x", "2.5"])
async def test_a_wrong_number_of_seats_together_is_refused(
    client: httpx2.AsyncClient, inventory: Inventory, together: str
) -> None:
    number = await new_event(inventory, widths=(3,))
    refused = await client.get(f"/e/{number}?together={together}")
    assert refused.status_code == 422
    assert "Not understood" in Page(refused.text).headline


async def test_a_double_press_holds_once(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    page = await visit(client, f"/e/{number}")
    first = await press(client, f"/e/{number}", page.form("/hold"), quantity="2")
    again = await press(client, f"/e/{number}", page.form("/hold"), quantity="2")
    assert first.url == again.url
    assert (await inventory.queries.get_availability(number)).counts.held == 2


async def test_a_refusal_says_why_and_keeps_the_page(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    number = await new_event(inventory, areas={"standing": 3})
    page = await visit(client, f"/e/{number}")
    await place(inventory, number, quantity(2))
    refused = await press(client, f"/e/{number}", page.form("/hold"), quantity="2")
    assert refused.status_code == 409
    found = Page(refused.text)
    assert "There is 1 left. Hold 1 or fewer." in found.text
    assert found.form("/hold")


async def test_an_event_with_a_limit_for_each_buyer_asks_who_buys(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    """No form of the event's page had a field for it, so nobody could buy. Every kind of choice is kept."""
    number = await new_event(inventory, areas={"standing": 9}, widths=(9,), max_per_buyer=2)
    at = f"/e/{number}/hold"
    kinds = (
        ("quantity", {"quantity": "2"}, ()),
        ("together", {"together": "2"}, ()),
        ("form_key", {}, ("A-1-1", "A-1-2")),
    )
    for name, typed, seats in kinds:
        event = await visit(client, f"/e/{number}?section=A&row=1")
        forms = [form for form in event.forms if form.action.endswith("/hold")]
        form = next(form for form in forms if name in dict(form.fields) and (seats or len(form.fields) > 1))
        asked = await press(client, f"/e/{number}", form, *(("seat", seat) for seat in seats), **typed)
        page = Page(asked.text)
        assert (asked.status_code, page.headline) == (422, "Who is buying?")
        assert "at most 2 to one person" in page.text
        wrong = await press(client, at, page.form("/hold"), email="account:7")
        assert "Write an address like name@example.org." in Page(wrong.text).text
        held = await press(client, at, Page(wrong.text).form("/hold"), email="Ada@example.org")
        assert held.url.path.startswith("/my/holds/"), held.text
        assert ("email", "Ada@example.org") in Page(held.text).form("/confirm").fields
        if not seats:
            await press(client, held.url.path, Page(held.text).form("/release"))
    assert "Seats A-1-1, A-1-2" in Page(held.text).text
    event = await visit(client, f"/e/{number}")
    areas = next(form for form in event.forms if "quantity" in dict(form.fields))
    asked = await press(client, f"/e/{number}", areas, quantity="1")
    refused = await press(client, at, Page(asked.text).form("/hold"), email="ADA@example.org")
    assert "Too many at once" in Page(refused.text).text


async def test_nothing_chosen_is_no_error_of_the_server(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    number = await new_event(inventory, areas={"standing": 3})
    page = await visit(client, f"/e/{number}")
    refused = await press(client, f"/e/{number}", page.form("/hold"), quantity="0")
    assert refused.status_code == 422
    assert "Choose how many you want." in Page(refused.text).text


async def test_a_wrong_address_is_asked_for_again_and_the_rest_is_kept(
    client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    held = await hold_two(client, await new_event(inventory, areas={"standing": 5}))
    refused = await press(
        client, held.url.path, Page(held.text).form("/confirm"), name="Ada", email="nowhere"
    )
    assert refused.status_code == 422
    page = Page(refused.text)
    assert "Write an address like name@example.org." in page.text
    assert ("name", "Ada") in page.form("/confirm").fields


async def test_places_are_given_back(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    held = await hold_two(client, number)
    after = await press(client, held.url.path, Page(held.text).form("/release"))
    assert after.url.path == f"/e/{number}"
    assert (await inventory.queries.get_availability(number)).counts.available == 5
    gone = await client.get(held.url)
    assert gone.status_code == 410
    assert "You gave these places back." in Page(gone.text).text


async def test_a_lapsed_hold_says_so(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    held = await hold_two(client, number)
    form = Page(held.text).form("/confirm")
    move_time(database_url, number, timedelta(hours=1), inventory)
    late = await press(client, held.url.path, form, name="Ada", email="ada@example.org")
    assert late.status_code == 410
    assert "The time of your hold is over" in Page(late.text).text


async def test_a_hold_opens_only_in_the_browser_that_placed_it(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, inventory: Inventory
) -> None:
    held = await hold_two(client, await new_event(inventory, areas={"standing": 5}))
    foreign = await guest.get(held.url.path)
    assert foreign.status_code == 404
    assert "This browser has no such hold." in Page(foreign.text).text


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}],
    ids=["origin", "fetch metadata", "opaque origin"],
)
async def test_a_form_of_another_site_does_nothing(
    client: httpx2.AsyncClient, inventory: Inventory, headers: dict[str, str]
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    page = await visit(client, f"/e/{number}")
    body = str(httpx2.QueryParams(page.form("/hold").filled(quantity="2")))
    refused = await client.post(
        f"/e/{number}/hold",
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded", **headers},
    )
    assert refused.status_code == 403
    assert (await inventory.queries.get_availability(number)).counts.held == 0


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"form_key=%ff", "application/x-www-form-urlencoded", 400),
        (b"form_key=no", "application/x-www-form-urlencoded", 422),
        (b"", "application/x-www-form-urlencoded", 422),
        (b"a=1&" * 2_000, "application/x-www-form-urlencoded", 400),
        (b"a=" + b"1" * 70_000, "application/x-www-form-urlencoded", 413),
    ],
    ids=["json", "not UTF-8", "no key", "empty", "many fields", "large"],
)
async def test_a_bad_form_is_a_page_with_a_sentence(
    client: httpx2.AsyncClient, inventory: Inventory, body: bytes, kind: str, status: int
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    refused = await client.post(f"/e/{number}/hold", content=body, headers={"content-type": kind})
    assert refused.status_code == status
    assert refused.headers["content-type"].startswith("text/html")
    assert Page(refused.text).headline


async def test_a_draft_has_no_page_for_guests(client: httpx2.AsyncClient, guest: httpx2.AsyncClient) -> None:
    made = await client.post("/v1/events", json={"name": "Secret", "capacity": 3, "status": "draft"})
    number = made.json()["number"]
    assert (await guest.get(f"/e/{number}")).status_code == 404
    assert "Secret" not in (await guest.get("/whats-on")).text


async def test_names_are_shown_as_text(client: httpx2.AsyncClient) -> None:
    made = await client.post("/v1/events", json={"name": "<script>alert(1)</script>", "capacity": 3})
    page = await client.get(f"/e/{made.json()['number']}")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


async def test_assets_are_kept_for_ever_by_their_hash(client: httpx2.AsyncClient) -> None:
    page = (await client.get("/whats-on")).text
    path = page.split('href="./assets/')[1].split('"')[0]
    found = await client.get(f"/assets/{path}")
    assert found.status_code == 200
    assert "immutable" in found.headers["cache-control"]
    assert (await client.get(f"/assets/{path.replace('.css', '.js')}")).status_code == 404
