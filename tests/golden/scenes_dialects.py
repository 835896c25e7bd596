"""Scenes of the dialects: the requests of their documents, and each refusal in their own form."""

from __future__ import annotations

from typing import Any

from golden.scenes_events import NOWHERE, SEATS
from golden.scenes_sales import confirm, lapse, place
from golden.walking import Walk

__all__ = ["arena", "box_office", "instant", "ticketing"]

Json = dict[str, Any]


async def _states(walk: Walk) -> dict[str, Json]:
    """Create an event in each state that sells nothing."""
    return {
        "event_cancelled": await walk.do(
            "create_event", json={"name": "Ended", "capacity": 5, "seat_map": SEATS}
        ),
        "sales_stopped": await walk.do(
            "create_event", json={"name": "Stopped", "capacity": 5, "seat_map": SEATS}
        ),
        "event_not_on_sale": await walk.do(
            "create_event",
            json={"name": "Later", "capacity": 5, "seat_map": SEATS, "on_sale_at": "2098-01-01T20:00:00Z"},
        ),
        "quantity_over_limit": await walk.do(
            "create_event", json={"name": "Few", "capacity": 5, "seat_map": SEATS, "max_per_buyer": 1}
        ),
    }


async def _end(walk: Walk, states: dict[str, Json]) -> None:
    await walk.do("cancel_event", states["event_cancelled"]["number"])
    await walk.do("stop_sales", states["sales_stopped"]["number"])


async def box_office(walk: Walk) -> None:
    """Dialect 1, and its half of `/book`."""
    event = await walk("box_office_create_event", 201, json={"name": "Concert XYZ", "total_seats": 10})
    id = event["event_id"]
    lenient = {"name": "Part", "total_seats": 3, "partial_fulfillment": True}
    part = await walk("box_office_create_event", 201, json=lenient, note="with partial fulfilment")
    await walk("box_office_create_event", "invalid_input", json={"name": "", "total_seats": 0})
    hold = await walk("box_office_place_hold", 201, by="guest", json={"event_id": id, "qty": 2})
    some = {"event_id": str(part["number"]), "qty": 5, "ttl": 300}
    await walk("box_office_place_hold", 201, by="guest", json=some, note="what is left")
    states = await _states(walk)
    of_gone = await place(walk, states["event_cancelled"]["number"], {"quantity": 1, "area": "general"})
    await _end(walk, states)
    two = {"name": "Two", "areas": [{"name": "floor", "capacity": 5}, {"name": "balcony", "capacity": 5}]}
    areas = await walk.do("create_event", json=two)
    few = await walk.do("create_event", json={"name": "Few", "capacity": 5, "max_per_hold": 1})
    ids = {outcome: one["number"] for outcome, one in states.items()}
    wanted = ids | {"buyer_required": ids["quantity_over_limit"], "quantity_over_limit": few["number"]}
    wanted |= {"area_required": areas["number"], "event_not_found": NOWHERE, "sold_out": id}
    for outcome, number in wanted.items():
        quantity = 9 if outcome == "sold_out" else 2
        await walk("box_office_place_hold", outcome, by="guest", json={"event_id": number, "qty": quantity})
    await walk("box_office_place_hold", "invalid_input", by="guest", json={"event_id": id, "qty": 0})

    booked = {"hold_id": hold["hold_id"], "payment_token": hold["payment_token"]}
    await walk("book_book", 200, by="guest", json=booked, note="a hold")
    await walk("book_book", 200, by="guest", json=booked, note="a hold, again")
    cancelled = await place(walk, event["number"])
    of_cancelled = await confirm(walk, cancelled)
    await walk.do("cancel_booking", of_cancelled["id"])
    released = await place(walk, event["number"])
    await walk.do("release_hold_as_staff", event["number"], released["id"])
    expired = lapse(walk, await place(walk, event["number"]))
    for outcome, one in {
        "booking_already_cancelled": cancelled,
        "event_cancelled": of_gone,
        "hold_expired": expired,
        "hold_released": released,
    }.items():
        await walk(
            "book_book", outcome, by="guest", json={"hold_id": one["id"], "payment_token": one["hold_token"]}
        )
    wrong = {"hold_id": hold["hold_id"], "payment_token": "wrong"}
    await walk("book_book", "hold_not_found", by="guest", json=wrong, note="wrong token")
    await walk("book_book", "hold_not_found", by="guest", json=wrong | {"hold_id": NOWHERE}, note="no hold")

    show = {"show_id": event["number"], "seat_count": 1}
    await walk("book_book", 200, by="seller", json=show, note="seats")
    await walk("book_book", 200, by="seller", json=show | {"seat_count": 99}, note="seats, too many")
    await walk(
        "book_book", 200, by="seller", json=show | {"show_id": ids["sales_stopped"]}, note="seats, stopped"
    )
    await walk("book_book", "event_not_found", by="seller", json=show | {"show_id": 999})
    await walk("book_book", "area_required", by="seller", json=show | {"show_id": areas["number"]})
    await walk("book_book", "forbidden", by="nobody", json=show)
    await walk("book_book", "credentials_required", by="guest", json=show)
    await walk("book_book", "invalid_input", by="seller", json={"show_id": 1, "seat_count": 0})
    await walk("book_book", "invalid_input", by="seller", json={}, note="neither")

    await walk("box_office_get_event", 200, id, by="guest")
    await walk("box_office_get_event", 200, event["number"], by="guest", note="by number")
    await walk("box_office_get_event", "event_not_found", NOWHERE, by="guest")
    await walk("box_office_get_event", "invalid_input", id, query="a=1&a=1")


async def arena(walk: Walk) -> None:
    """Dialect 2."""
    await walk("arena_list_seats", "event_not_found", by="seller", note="none with seats")
    event = await walk.do("create_event", json={"name": "Arena", "seat_map": SEATS})
    number = event["number"]
    seats = await walk("arena_list_seats", 200, by="seller")
    first, second, third, fourth, *_ = (one["id"] for one in seats)
    states = await _states(walk)
    await walk("arena_list_seats", "invalid_input", by="seller", note="several with seats")
    await walk("arena_list_seats", "event_not_found", by="seller", query=f"event_id={NOWHERE}")
    await walk("arena_reserve_seat", 200, first, by="seller", query="user_id=81")
    await walk("arena_reserve_seat", 200, first, by="seller", query="user_id=81", note="again")
    await walk("arena_reserve_seat", "seat_taken", first, by="seller", query="user_id=82")
    await walk.do("block_admissions", number, json={"seats": ["A-1-2"]})
    await walk("arena_reserve_seat", "seat_blocked", second, by="seller", query="user_id=81")
    await walk(
        "arena_reserve_seat", "seat_not_found", number * 1_000_000 + 999, by="seller", query="user_id=81"
    )
    await walk("arena_reserve_seat", "invalid_input", first, by="seller")
    seat_of = {
        outcome: (first - number * 1_000_000) + one["number"] * 1_000_000 for outcome, one in states.items()
    }
    of_gone = seat_of["event_cancelled"]
    await walk.do("arena_reserve_seat", of_gone, query="user_id=81")
    few = seat_of["quantity_over_limit"]
    await walk.do("arena_reserve_seat", few + 1, query="user_id=81")
    await _end(walk, states)
    for outcome, seat in seat_of.items():
        await walk("arena_reserve_seat", outcome, seat, by="seller", query="user_id=81")
    await walk("arena_confirm_seat", 200, first, by="seller", query="user_id=81")
    await walk("arena_confirm_seat", 200, first, by="seller", query="user_id=81", note="again")
    await walk("arena_confirm_seat", "seat_taken", first, by="seller", query="user_id=82")
    await walk(
        "arena_confirm_seat", "seat_not_found", number * 1_000_000 + 999, by="seller", query="user_id=81"
    )
    await walk("arena_confirm_seat", "hold_not_found", third, by="seller", query="user_id=81")
    await walk(
        "arena_confirm_seat", "hold_not_found", of_gone, by="seller", query="user_id=81", note="cancelled"
    )
    await walk("arena_confirm_seat", "invalid_input", third, by="seller")
    several = {"event": number, "lines": [{"seats": ["A-1-3", "A-1-4"]}], "buyer": "81"}
    await walk.do("place_hold", json=several)
    await walk(
        "arena_confirm_seat", "seat_taken", fourth, by="seller", query="user_id=81", note="one of several"
    )
    await walk("arena_list_seats", 200, by="seller", query=f"event_id={number}", note="in each state")


async def ticketing(walk: Walk) -> None:
    """Dialect 3 with its reservations."""
    user = {
        "name": "Ada Byron",
        "phone_number": "+44",
        "email": "ada@example.org",
        "password": "analytical engine",
    }
    ada = (await walk("ticketing_create_user", 201, by="seller", json=user))["id"]
    bob = (await walk.do("ticketing_create_user", json=user | {"email": "bob@example.org"}))["id"]
    await walk("ticketing_create_user", "duplicate_email", by="seller", json=user)
    await walk("ticketing_create_user", "invalid_input", by="seller", json=user | {"email": "x", "name": ""})
    hamlet = {"title": "Hamlet", "venue": "Globe Theatre", "starts_at": "2099-01-01T20:00:00Z"}
    show = (await walk("ticketing_create_show", 201, json=hamlet))["id"]
    await walk("ticketing_create_show", "invalid_input", json={"title": "", "starts_at": "soon"})
    await walk("ticketing_create_seats", 201, show, json=["A1", "A2", " c5 "])
    await walk(
        "ticketing_create_seats", 201, show, json={"seats": ["D1", "D2", "D3", "D4"]}, note="in an object"
    )
    await walk("ticketing_create_seats", "duplicate_seat", show, json=["A1"])
    await walk(
        "ticketing_create_seats", "duplicate_seat", show, json={"seats": ["E1", "E1"]}, note="in the request"
    )
    await walk("ticketing_create_seats", "event_not_found", NOWHERE, json=["A1"])
    await walk("ticketing_create_seats", "invalid_input", show, json={"labels": 5})
    await walk("ticketing_create_seats", "invalid_input", show, json=[5, ""], note="no labels")
    states = await _states(walk)

    async def hold(seat: str, user: int = ada, event: int = show) -> Json:
        body = {"show_id": event, "seat_number": seat, "hold_minutes": 10}
        held: Json = await walk.do("reservations_hold_seat", user, json=body)
        return held

    body: Json = {"show_id": show, "seat_number": "a1", "hold_minutes": 10}
    held = await walk("reservations_hold_seat", 201, ada, by="seller", json=body)
    await walk("reservations_hold_seat", 201, ada, by="seller", json=body, note="again")
    by_id = {"seat_id": held["seat_id"] + 1}
    await walk("reservations_hold_seat", 201, ada, by="seller", json=by_id, note="by the seat's id")
    await walk.do("block_admissions", show, json={"seats": ["C5"]})
    of_gone = await hold("A-1-2", event=states["event_cancelled"]["number"])
    await hold("A-1-2", event=states["quantity_over_limit"]["number"])
    await _end(walk, states)
    refused: dict[str, Json] = {outcome: {"show_id": one["number"]} for outcome, one in states.items()}
    refused |= {
        "seat_blocked": {"show_id": show, "seat_number": "C5"},
        "event_not_found": {"show_id": NOWHERE},
        "seat_not_found": {"show_id": show, "seat_number": "\n"},
    }
    for outcome, one in refused.items():
        await walk("reservations_hold_seat", outcome, ada, by="seller", json={"seat_number": "A-1-1"} | one)
    await walk("reservations_hold_seat", "seat_taken", bob, by="seller", json=body)
    unknown = {"show_id": show, "seat_number": "Q9"}
    await walk("reservations_hold_seat", "seat_unknown", ada, by="seller", json=unknown)
    await walk("reservations_hold_seat", "user_not_found", 999, by="seller", json=body)
    await walk("reservations_hold_seat", "user_not_found", "ada", by="seller", json=body, note="no number")
    await walk("reservations_hold_seat", "invalid_input", ada, by="seller", json={"hold_minutes": 21})
    await walk("reservations_hold_seat", "invalid_input", ada, by="seller", json={}, note="no seat")

    await walk("reservations_confirm_reservation", 200, held["id"], by="seller")
    await walk("reservations_confirm_reservation", 200, held["id"], by="seller", note="again")
    released, expired, cancelled = await hold("D1"), lapse(walk, await hold("D2")), await hold("D3")
    await walk("reservations_release_reservation", 200, released["id"], by="seller")
    await walk("reservations_release_reservation", 200, released["id"], by="seller", note="again")
    await walk("reservations_release_reservation", "hold_already_confirmed", held["id"], by="seller")
    await walk("reservations_release_reservation", "hold_not_found", NOWHERE, by="seller")
    await walk("reservations_release_reservation", "invalid_input", held["id"], by="seller", query="a=1&a=1")
    await walk.do("reservations_confirm_reservation", cancelled["id"])
    listed = await walk.do("list_bookings", query=f"event={show}&limit=1")
    await walk.do("cancel_booking", listed["items"][0]["id"])
    for outcome, one in {
        "hold_released": released,
        "hold_expired": expired,
        "event_cancelled": of_gone,
        "booking_already_cancelled": cancelled,
        "hold_not_found": {"id": NOWHERE},
    }.items():
        await walk("reservations_confirm_reservation", outcome, one["id"], by="seller")
    await walk("reservations_confirm_reservation", "invalid_input", held["id"], by="seller", query="a=1&a=1")
    await walk("reservations_release_reservation", 200, expired["id"], by="seller", note="an expired one")
    await walk("reservations_release_reservation", 200, cancelled["id"], by="seller", note="a cancelled one")

    for operation in ("ticketing_list_seats", "ticketing_get_availability"):
        await walk(operation, 200, show, by="seller")
        await walk(operation, "event_not_found", NOWHERE, by="seller")
        await walk(operation, "invalid_input", show, by="seller", query="limit=0&limit=1")
    paged = "limit=1&status=AVAILABLE"
    await walk("ticketing_get_availability", 200, show, by="seller", query=paged, note="one of them")
    await walk(
        "ticketing_get_availability", "invalid_input", show, by="seller", query="status=LOST", note="values"
    )
    await walk.do("cancel_event", show)
    await walk("ticketing_create_seats", "event_cancelled", show, json=["Z9"])


async def instant(walk: Walk) -> None:
    """Dialect 4, without its half of `/book`, which is in the scene of dialect 1."""
    film = {"name": "Avengers: Endgame", "start_time": "1999-01-01T20:00:00Z", "total_seats": 100}
    await walk("instant_create_show", 201, json=film)
    await walk("instant_create_show", "invalid_input", json=film | {"total_seats": 0})
    await walk.do("instant_create_show", json=film | {"name": "Another"})
    await walk("instant_list_shows", 200, by="guest")
    await walk("instant_list_shows", 200, by="guest", query="limit=1", note="one of them")
    await walk("instant_list_shows", "invalid_input", by="guest", query="limit=0")
