"""Scenes of `/v1`: the tickets of a booking, from its confirmation to the door."""

from __future__ import annotations

from typing import Any

from golden.scenes_events import NOWHERE, SEATS
from golden.scenes_sales import confirm, place, token
from golden.walking import Walk
from support.delivering import run_due, runner_of
from support.http_app import delivery_of
from support.people import token_for

__all__ = ["tickets"]

Json = dict[str, Any]


async def tickets(walk: Walk) -> None:
    """Read, reissue and check tickets, valid and void ones."""
    areas = [{"name": "floor", "capacity": 20, "category": "standing"}]
    concert = {"name": "Concert", "areas": areas, "seat_map": SEATS, "starts_at": "2099-01-01T20:00:00Z"}
    event = await walk.do("create_event", json=concert)
    number = event["number"]
    held = await place(walk, number, {"seats": ["A-1-1"]}, {"quantity": 2, "area": "floor"})
    booking = await confirm(walk, held)
    other = await walk.do("create_event", json={"name": "Another", "capacity": 20})
    of_other = await place(walk, other["number"])
    another = await confirm(walk, of_other)

    listed = await walk("list_tickets", 200, booking["id"], by="guest", headers=token(held))
    await walk("list_tickets", 200, booking["id"], by="organiser", query="limit=1", note="one of them")
    await walk("list_tickets", "booking_not_found", NOWHERE)
    await walk(
        "list_tickets", "booking_not_found", booking["id"], headers={"Hold-Token": "x"}, note="wrong token"
    )
    await walk("list_tickets", "credentials_required", booking["id"], by="guest")
    await walk("list_tickets", "forbidden", booking["id"], by="reader")
    await walk("list_tickets", "invalid_input", booking["id"], query="limit=0")

    await _files(walk, number, booking, held)
    await _wallets(walk, booking, held)
    await walk("get_event_calendar", "not_found", other["number"], by="guest")
    await walk("get_booking_calendar", "not_found", another["id"], headers=token(of_other))

    codes = [one["code"] for one in listed["items"]]
    shared = {"token": listed["items"][0]["link"].partition("#")[2]}
    await walk("use_ticket_link", 200, by="guest", json=shared)
    keyed = token(held) | {"Idempotency-Key": "3b241101-e2bb-4255-8caf-4136c566a962"}
    await walk("reissue_ticket", 200, booking["id"], 1, by="guest", headers=keyed)
    await walk(
        "reissue_ticket", 200, booking["id"], 1, by="guest", headers=keyed, note="under its key, again"
    )
    await walk("use_ticket_link", "link_not_valid", by="guest", json=shared, note="of the code before")
    await walk("use_ticket_link", "invalid_input", by="guest", json={})
    await walk("reissue_ticket", "ticket_not_found", booking["id"], 4, headers=token(held))
    await walk(
        "reissue_ticket", "ticket_not_found", booking["id"], "x", headers=token(held), note="no number"
    )
    await walk("reissue_ticket", "booking_not_found", NOWHERE, 1)
    await walk("reissue_ticket", "credentials_required", booking["id"], 1, by="guest")
    await walk("reissue_ticket", "forbidden", booking["id"], 1, by="reader")
    await walk("reissue_ticket", "invalid_input", booking["id"], 1, json={"colour": "red"})

    await walk("check_ticket", 200, number, json={"code": codes[1]})
    await walk("check_ticket", 200, number, json={"code": codes[0]}, note="reissued")
    await walk("check_ticket", 200, other["number"], json={"code": codes[1]}, note="of another event")
    await walk("check_ticket", 200, number, json={"code": "4006381333931"}, note="no ticket")
    await walk("check_ticket", "event_not_found", NOWHERE, json={"code": "HF1"})
    await walk("check_ticket", "credentials_required", number, by="guest", json={"code": "HF1"})
    await walk("check_ticket", "forbidden", number, by="seller", json={"code": "HF1"})
    await walk("check_ticket", "invalid_input", number, json={"code": 1, "colour": "red"})

    await _links(walk)
    await walk.do("cancel_booking", booking["id"])
    await walk("list_tickets", 200, booking["id"], note="void")
    await walk("check_ticket", 200, number, json={"code": codes[1]}, note="void")
    await walk("reissue_ticket", "booking_already_cancelled", booking["id"], 1, headers=token(held))
    await walk("get_tickets_pdf", "booking_already_cancelled", booking["id"], headers=token(held))
    await walk("get_google_wallet_link", "booking_already_cancelled", booking["id"], 1)
    await walk.do("cancel_event", other["number"])
    await walk("reissue_ticket", "event_cancelled", another["id"], 1)
    await walk("get_tickets_pdf", "event_cancelled", another["id"])
    await walk("get_apple_pass", 200, another["id"], 1, note="void")
    await walk("get_google_wallet_link", "event_cancelled", another["id"], 1)


async def _links(walk: Walk) -> None:
    """Find a booking by a link in a mail."""
    event = await walk.do("create_event", json={"name": "Found again", "capacity": 20})
    held = await place(walk, event["number"])
    buyer = {"name": "Ada Lovelace", "email": "ada@example.org"}
    body = {"hold": held["id"], "hold_token": held["hold_token"], "buyer": buyer}
    booking = await walk.do("confirm_hold", json=body)
    sought = {"reference": booking["reference"], "email": "ada@example.org"}
    await walk("request_booking_link", 202, by="guest", json=sought)
    unknown = {"reference": "ZZZZZZZZ", "email": "ada@example.org"}
    await walk("request_booking_link", 202, by="guest", json=unknown, note="a wrong guess")
    await walk("request_booking_link", "invalid_input", by="guest", json={"reference": "U", "email": "x"})
    await run_due(runner_of(delivery_of(walk.deployment.app)))
    link = {"token": await token_for(walk.deployment.app, "ada@example.org")}
    await walk("use_booking_link", 200, by="guest", json=link)
    await walk("use_booking_link", "link_not_valid", by="guest", json=link)


async def _wallets(walk: Walk, booking: Json, held: Json) -> None:
    for operation in ("get_apple_pass", "get_google_wallet_link"):
        await walk(operation, 200, booking["id"], 1, by="guest", headers=token(held))
        await walk(operation, "ticket_not_found", booking["id"], 4, headers=token(held))
        await walk(operation, "booking_not_found", NOWHERE, 1)
        await walk(operation, "credentials_required", booking["id"], 1, by="guest")
        await walk(operation, "forbidden", booking["id"], 1, by="reader")
        await walk(operation, "invalid_input", booking["id"], 1, query="colour=red")


async def _files(walk: Walk, number: int, booking: Json, held: Json) -> None:
    await walk("get_tickets_pdf", 200, booking["id"], by="guest", headers=token(held))
    await walk("get_tickets_pdf", "ticket_not_found", booking["id"], query="first=4", headers=token(held))
    await walk("get_event_calendar", 200, number, by="guest")
    await walk("get_event_calendar", "event_not_found", NOWHERE, by="guest")
    await walk("get_event_calendar", "invalid_input", number, by="guest", query="colour=red")
    await walk("get_booking_calendar", 200, booking["id"], by="guest", headers=token(held))
    for operation in ("get_tickets_pdf", "get_booking_calendar"):
        await walk(operation, "booking_not_found", NOWHERE)
        await walk(operation, "credentials_required", booking["id"], by="guest")
        await walk(operation, "forbidden", booking["id"], by="reader")
        await walk(operation, "invalid_input", booking["id"], query="colour=red")
