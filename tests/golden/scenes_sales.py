"""Scenes of `/v1`: holds and bookings, and the service itself."""

from __future__ import annotations

from typing import Any

from golden.scenes_events import NOWHERE, SEATS
from golden.walking import Walk
from support.ageing import lapse_hold
from support.http_app import engine_of

__all__ = ["bookings", "holds", "lapse", "service"]

Json = dict[str, Any]


def lapse(walk: Walk, hold: Json) -> Json:
    """Let a hold lapse, and return it."""
    lapse_hold(walk.deployment.database_url, hold["id"], inventory=engine_of(walk.deployment.app))
    return hold


def token(hold: Json) -> dict[str, str]:
    return {"Hold-Token": hold["hold_token"]}


async def place(walk: Walk, event: int, *lines: Json) -> Json:
    hold: Json = await walk.do("place_hold", json={"event": event, "lines": list(lines) or [{"quantity": 1}]})
    return hold


async def confirm(walk: Walk, hold: Json) -> Json:
    body = {"hold": hold["id"], "hold_token": hold["hold_token"]}
    booking: Json = await walk.do("confirm_hold", json=body)
    return booking


async def holds(walk: Walk) -> None:
    """Every way to place a hold, and everything that can happen to it."""
    event = await walk.do("create_event", json={"name": "Concert", "capacity": 20, "seat_map": SEATS})
    number = event["number"]
    await _placing(walk, number)

    held = await place(walk, number)
    await walk("get_hold", 200, held["id"], by="guest", headers=token(held))
    bearer = {"Authorization": f"Hold {held['hold_token']}"}
    await walk("get_hold", 200, held["id"], by="guest", headers=bearer, note="Authorization: Hold")
    await walk("get_hold", "credentials_required", held["id"], by="guest")
    await walk("get_hold", "credentials_required", held["id"], note="to staff")
    await walk("get_hold", "hold_not_found", NOWHERE, headers=token(held))
    await walk(
        "get_hold", "hold_not_found", held["id"], headers={"Hold-Token": "hfh_wrong"}, note="wrong token"
    )
    await walk("get_hold", "invalid_input", held["id"], headers=token(held), query="colour=red")
    other = await walk.do("create_event", json={"name": "Another", "capacity": 50})
    await place(walk, other["number"], {"quantity": 2})
    listed = await place(walk, other["number"])
    await walk.do("release_hold_as_staff", other["number"], listed["id"])
    kept = await place(walk, other["number"])
    words = {"metadata": {"order": "A-1815"}}
    await walk("change_hold", 200, kept["id"], by="guest", json=words, headers=token(kept))
    await walk("change_hold", "credentials_required", kept["id"], by="guest", json=words)
    await walk("change_hold", "hold_not_found", NOWHERE, json=words, headers=token(kept))
    await walk("change_hold", "invalid_input", kept["id"], json={"metadata": {"a": 1}}, headers=token(kept))
    await walk.do("release_hold_as_staff", other["number"], kept["id"])
    await walk("list_holds", 200, other["number"], by="reader")
    await walk("list_holds", 200, other["number"], query="limit=1", note="one of them")
    await walk("list_holds", 200, other["number"], query="status=released&buyer=nobody", note="filtered")
    await walk("list_holds", "event_not_found", NOWHERE)
    await walk("list_holds", "invalid_input", number, query="status=lost")
    await _moves(walk, number)


async def _placing(walk: Walk, number: int) -> None:
    lines = [
        {"quantity": 2, "area": "general"},
        {"seats": ["A-1-1"]},
        {"best_available": 2, "category": "stalls"},
    ]
    whole = {
        "event": number,
        "lines": lines,
        "ttl_seconds": 60,
        "allow_partial": False,
        "buyer": "customer-81",
    }
    key = {"Idempotency-Key": "5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11"}
    await walk("place_hold", 201, by="guest", json=whole, headers=key, note="of a guest")
    await walk("place_hold", 201, by="guest", json=whole, headers=key, note="of a guest, again")
    await walk("place_hold", "idempotency_key_reused", by="guest", json=whole | {"buyer": "b"}, headers=key)
    await walk(
        "place_hold",
        201,
        json=whole
        | {"lines": lines[:1], "buyer": {"reference": "a", "name": "Ada", "email": "ada@example.org"}},
        note="buyer as an object",
    )
    partial = {"event": number, "lines": [{"quantity": 500}], "allow_partial": True}
    small = await walk.do("create_event", json={"name": "Small", "capacity": 3, "max_per_hold": 2})
    await walk("place_hold", 201, json={"event": small["number"], "lines": [{"quantity": 2}]})
    part = partial | {"event": small["number"], "lines": [{"quantity": 2}]}
    await walk("place_hold", 201, json=part, note="what is left")
    await walk.do("block_admissions", number, json={"seats": ["A-2-5"]})
    two = {"name": "Two", "areas": [{"name": "floor", "capacity": 5}, {"name": "balcony", "capacity": 5}]}
    areas = await walk.do("create_event", json=two)
    counted = await walk.do("create_event", json={"name": "Counted", "capacity": 9, "max_per_buyer": 2})
    stopped = await walk.do("create_event", json={"name": "Stopped", "capacity": 5})
    await walk.do("stop_sales", stopped["number"])
    ended = await walk.do("create_event", json={"name": "Ended", "capacity": 5})
    await walk.do("cancel_event", ended["number"])
    later = {"name": "Later", "capacity": 5, "on_sale_at": "2098-01-01T20:00:00Z"}
    early = await walk.do("create_event", json=later)
    row = await walk.do("create_event", json={"name": "Row", "seat_map": {"labels": ["B-1-1", "B-3-1"]}})
    draft = await walk.do("create_event", json={"name": "Draft", "capacity": 5, "status": "draft"})
    one = [{"quantity": 1}]
    refused: list[tuple[str, Json, str]] = [
        ("area_required", {"event": areas["number"], "lines": one}, ""),
        ("area_unknown", {"event": number, "lines": [{"quantity": 1, "area": "cellar"}]}, ""),
        ("area_unknown", {"event": number, "lines": [{"best_available": 1, "category": "x"}]}, "a category"),
        ("buyer_required", {"event": counted["number"], "lines": one}, ""),
        ("quantity_over_limit", {"event": small["number"], "lines": [{"quantity": 3}]}, "of a hold"),
        (
            "quantity_over_limit",
            {"event": counted["number"], "lines": [{"quantity": 3}], "buyer": "a"},
            "of a buyer",
        ),
        ("duplicate_seat", {"event": number, "lines": [{"seats": ["A-2-1", "A-2-1"]}]}, ""),
        ("event_cancelled", {"event": ended["number"], "lines": one}, ""),
        ("event_not_found", {"event": NOWHERE, "lines": one}, ""),
        ("event_not_on_sale", {"event": early["number"], "lines": one}, ""),
        ("event_not_on_sale", {"event": draft["number"], "lines": one}, "a draft"),
        ("not_together", {"event": row["number"], "lines": [{"best_available": 2}]}, ""),
        ("sales_stopped", {"event": stopped["number"], "lines": one}, ""),
        ("seat_blocked", {"event": number, "lines": [{"seats": ["A-2-5"]}]}, ""),
        ("seat_taken", {"event": number, "lines": [{"seats": ["A-1-1"]}]}, ""),
        ("seat_unknown", {"event": number, "lines": [{"seats": ["Q-9-9"]}]}, ""),
        ("sold_out", {"event": number, "lines": [{"quantity": 19}]}, ""),
        ("invalid_input", {"event": 0, "lines": [], "ttl_seconds": 0, "colour": "red"}, ""),
        ("invalid_input", {"event": number, "lines": [{"quantity": 1, "seats": ["A-1-1"]}, {}]}, "lines"),
        ("invalid_input", {"event": "x", "lines": {}, "allow_partial": "so", "buyer": 5}, "types"),
    ]
    for outcome, body, note in refused:
        await walk("place_hold", outcome, json=body, note=note, by="guest" if note != "a draft" else "staff")


async def _moves(walk: Walk, number: int) -> None:
    """Extend and release a live hold, and one in each other state."""
    gone = await walk.do("create_event", json={"name": "Gone", "capacity": 50})
    of_gone = await place(walk, gone["number"])
    halted = await walk.do("create_event", json={"name": "Halted", "capacity": 50})
    of_halted = await place(walk, halted["number"])
    over = await walk.do("create_event", json={"name": "Over", "capacity": 50})
    of_over = await place(walk, over["number"])
    confirmed = await place(walk, number)
    booking = await confirm(walk, confirmed)
    cancelled = await place(walk, number)
    of_cancelled = await confirm(walk, cancelled)
    await walk.do("cancel_booking", of_cancelled["id"])
    expired = lapse(walk, await place(walk, number))
    assert booking
    moves = {"extend_hold": (), "release_hold": (), "release_hold_as_staff": (number,)}
    for operation, before in moves.items():
        held = await place(walk, number)
        key = {"Idempotency-Key": f"the-key-of-{operation}"}
        body = {"ttl_seconds": 300} if operation == "extend_hold" else {}
        await walk(operation, 200, *before, held["id"], json=body, headers=token(held) | key)
        await walk(operation, 200, *before, held["id"], json=body, headers=token(held) | key, note="again")
        changed = {"ttl_seconds": 301} if operation == "extend_hold" else None
        reused = "idempotency_key_reused"
        await walk(operation, reused, *before, held["id"], json=changed, headers=token(held) | key)
        if operation != "release_hold_as_staff":
            await walk(operation, "credentials_required", held["id"], by="guest")
            wrong = {"Hold-Token": "hfh_wrong"}
            await walk(operation, "hold_not_found", held["id"], headers=wrong, note="wrong token")
            two = {"hold_token": "hfh_another"}
            await walk(
                operation, "invalid_input", held["id"], json=two, headers=token(held), note="two tokens"
            )
        else:
            await walk(operation, "event_not_found", NOWHERE, held["id"])
        await walk(operation, "hold_not_found", *before, NOWHERE, headers=token(held))
        await walk(operation, "invalid_input", *before, held["id"], json={"colour": 1}, headers=token(held))
        for outcome, hold in {
            "hold_already_confirmed": confirmed,
            "booking_already_cancelled": cancelled,
            "hold_expired": expired,
        }.items():
            await walk(operation, outcome, *before, hold["id"], headers=token(hold))
    released = await place(walk, number)
    await walk(
        "release_hold", 200, released["id"], json={"hold_token": released["hold_token"]}, note="in the body"
    )
    await walk("extend_hold", "hold_released", released["id"], headers=token(released))
    await walk.do("cancel_event", gone["number"])
    await walk("extend_hold", "event_cancelled", of_gone["id"], headers=token(of_gone))
    await walk.do("stop_sales", halted["number"])
    await walk("extend_hold", "sales_stopped", of_halted["id"], headers=token(of_halted))
    await walk.do("change_event", over["number"], json={"off_sale_at": "2020-01-01T00:00:00Z"})
    await walk("extend_hold", "event_not_on_sale", of_over["id"], headers=token(of_over))
    await confirm(walk, of_over)


async def bookings(walk: Walk) -> None:
    """Confirm holds in every state, and read and cancel the bookings."""
    event = await walk.do("create_event", json={"name": "Concert", "capacity": 20, "seat_map": SEATS})
    number = event["number"]
    held = await place(walk, number, {"quantity": 2}, {"seats": ["A-1-1"]})
    buyer = {"name": "Ada Lovelace", "email": "ada@example.org"}
    body = {"hold": held["id"], "hold_token": held["hold_token"], "buyer": buyer}
    key = {"Idempotency-Key": "7a9e3b52-1d4c-4e8f-a6b0-92c5d7f1e384"}
    booking = await walk("confirm_hold", 201, by="guest", json=body, headers=key)
    await walk("confirm_hold", 201, by="guest", json=body, headers=key, note="under its key, again")
    reused = {"hold": held["id"], "hold_token": held["hold_token"]}
    await walk("confirm_hold", "idempotency_key_reused", by="guest", json=reused, headers=key)
    await walk("confirm_hold", 200, by="guest", json=body)
    gone = await walk.do("create_event", json={"name": "Gone", "capacity": 5})
    of_gone = await place(walk, gone["number"])
    await walk.do("cancel_event", gone["number"])
    released = await place(walk, number)
    await walk.do("release_hold_as_staff", number, released["id"])
    cancelled = await place(walk, number)
    of_cancelled = await confirm(walk, cancelled)
    await walk.do("cancel_booking", of_cancelled["id"])
    expired = lapse(walk, await place(walk, number))
    still = await place(walk, number)
    words = {"metadata": {"order": "A-1815"}}
    for outcome, hold in {
        "hold_already_confirmed": held,
        "booking_already_cancelled": cancelled,
        "event_cancelled": of_gone,
        "hold_expired": expired,
        "hold_released": released,
    }.items():
        await walk("change_hold", outcome, hold["id"], json=words, headers=token(hold))
    for outcome, hold in {
        "booking_already_cancelled": cancelled,
        "event_cancelled": of_gone,
        "hold_expired": expired,
        "hold_released": released,
        "hold_not_found": held | {"hold_token": "hfh_wrong"},
    }.items():
        refused = {"hold": hold["id"], "hold_token": hold["hold_token"]}
        await walk("confirm_hold", outcome, json=refused)
    await walk(
        "confirm_hold", "hold_not_found", json={"hold": NOWHERE, "hold_token": "hfh_x"}, note="no hold"
    )
    await walk("confirm_hold", "credentials_required", by="guest", json={"hold": held["id"]})
    other = {"hold": still["id"], "hold_token": still["hold_token"], "buyer": "somebody else"}
    await walk("confirm_hold", "invalid_input", json=other, note="another buyer")
    await walk("confirm_hold", "invalid_input", json={"hold": "x", "buyer": {"email": "y"}, "colour": 1})

    await walk("get_booking", 200, booking["id"], by="guest", headers=token(held))
    await walk("get_booking", 200, booking["id"], by="organiser", note="to the organiser")
    await walk("get_booking", "booking_not_found", NOWHERE)
    await walk(
        "get_booking", "booking_not_found", booking["id"], headers={"Hold-Token": "x"}, note="wrong token"
    )
    await walk("get_booking", "credentials_required", booking["id"], by="guest")
    await walk("get_booking", "forbidden", booking["id"], by="nobody")
    await walk("get_booking", "invalid_input", booking["id"], query="colour=red")
    await walk("list_bookings", 200, by="organiser")
    await walk("list_bookings", 200, query=f"event={number}&status=confirmed&limit=1", note="filtered")
    await walk("list_bookings", 200, query=f"reference={booking['reference']}", note="by its reference")
    await walk("list_bookings", 200, query="reference=zzzz-zzzz", note="by an unknown reference")
    await walk("list_bookings", "invalid_input", query="reference=UUUUUUUU", note="no reference")
    await walk("list_bookings", "event_not_found", query=f"event={NOWHERE}")
    await walk("list_bookings", "invalid_input", query="status=lost")
    await walk("list_bookings", 200, query="metadata[order]=none", note="by metadata")
    await walk("list_attendees", 200, number)
    await walk("list_attendees", 200, number, query="status=confirmed&limit=1", note="filtered")
    await walk("list_attendees", "event_not_found", NOWHERE)
    await walk("list_attendees", "invalid_input", number, query="status=lost")
    await walk("get_attendees_csv", 200, number)
    await walk("get_attendees_csv", "event_not_found", NOWHERE)
    await walk("get_attendees_workbook", 200, number)
    await walk("get_attendees_workbook", "event_not_found", NOWHERE)
    await walk("list_bookings", 200, query=f"q={booking['reference']}&event={number}", note="by a text")
    await walk("list_bookings", "forbidden", by="nobody", query="q=ada", note="by a text")
    words = {"metadata": {"order": "A-1815"}}
    await walk("change_booking", "credentials_required", booking["id"], by="guest", json=words)
    await walk("change_booking", "forbidden", booking["id"], by="reader", json=words)
    await walk("change_booking", "booking_not_found", NOWHERE, json=words)
    await walk("change_booking", "invalid_input", booking["id"], json={"metadata": {"a": 1}})
    await walk("change_booking", 200, booking["id"], by="organiser", json=words)
    await walk("mail_booking", 202, booking["id"], by="organiser")
    await walk("mail_booking", "credentials_required", booking["id"], by="guest")
    await walk("mail_booking", "forbidden", booking["id"], by="reader")
    await walk("mail_booking", "booking_not_found", NOWHERE)
    await walk("mail_booking", "buyer_required", of_cancelled["id"])
    await walk("mail_booking", "invalid_input", booking["id"], query="colour=red")
    letter = {"subject": "Doors open earlier", "paragraphs": ["Please come at seven."]}
    for operation in ("preview_message", "send_message"):
        await walk(operation, "credentials_required", number, by="guest", json=letter)
        await walk(operation, "forbidden", number, by="reader", json=letter)
        await walk(operation, "event_not_found", NOWHERE, json=letter)
        await walk(
            operation, "invalid_input", number, json={"subject": "a\nb", "paragraphs": [], "colour": 1}
        )
    await walk("preview_message", 200, number, by="organiser", json=letter)
    await walk("send_message", 202, number, by="organiser", json=letter)
    await walk("list_messages", 200, number, by="organiser")
    await walk("list_messages", "forbidden", number, by="reader")
    await walk("list_messages", "event_not_found", NOWHERE)
    await walk("list_messages", "credentials_required", number, by="guest")
    await walk("list_messages", "invalid_input", number, query="colour=red")
    keyed = {"Idempotency-Key": "the-key-of-a-cancelling"}
    await walk("cancel_booking", "credentials_required", booking["id"], by="guest")
    await walk("cancel_booking", "forbidden", booking["id"], by="reader")
    await walk("cancel_booking", "booking_not_found", NOWHERE)
    await walk(
        "cancel_booking", "booking_not_found", booking["id"], headers={"Hold-Token": "x"}, note="wrong token"
    )
    await walk("cancel_booking", "invalid_input", booking["id"], json={"colour": "red"})
    await walk("cancel_booking", 200, booking["id"], by="organiser", headers=keyed)
    await walk(
        "cancel_booking", 200, booking["id"], by="organiser", headers=keyed, note="under its key, again"
    )
    await walk(
        "cancel_booking", "idempotency_key_reused", booking["id"], by="organiser", headers=keyed, json={}
    )
    await walk("cancel_booking", 200, booking["id"], by="guest", headers=token(held), note="a cancelled one")


async def service(walk: Walk) -> None:
    """The pages and the probes. The document and the metrics have separate files."""
    await walk("get_home", 200, by="guest")
    await walk("get_home", 200, by="guest", headers={"Accept": "application/json"}, note="as JSON")
    await walk("get_home", 303, by="guest", headers={"Accept": "text/html"})
    await walk("get_docs", 200, by="guest")
    await walk("list_problems", 200, by="guest")
    await walk("list_problems", 200, by="guest", headers={"Accept": "application/json"}, note="as JSON")
    await walk("get_problem", 200, "sold_out", by="guest")
    await walk(
        "get_problem", 200, "sold_out", by="guest", headers={"Accept": "application/json"}, note="as JSON"
    )
    await walk("get_problem", "not_found", "lost", by="guest")
    for file in (
        "holdfast.css",
        "explorer.css",
        "explorer.js",
        "icon.svg",
        "swagger-ui.css",
        "swagger-ui.js",
    ):
        await walk("get_docs_file", 200, file, by="guest", note=file)
    packed = {"Accept-Encoding": "gzip"}
    await walk("get_docs_file", 200, "holdfast.css", by="guest", headers=packed, note="packed")
    await walk("get_docs_file", "not_found", "lost.css", by="guest")
    await walk("get_health", 200, by="guest")
    await walk("get_readiness", 200, by="guest")
    await walk("get_public_keys", 200, by="guest")
    await walk("get_ticket_keys", 200, by="guest")
    for operation in ("get_home", "get_docs", "get_health", "get_readiness", "get_metrics", "get_openapi"):
        await walk(operation, "invalid_input", query="a=1&a=1")
