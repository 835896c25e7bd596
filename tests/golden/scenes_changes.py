"""Scenes of `/v1`: bookings that return a part of what they have, or have other admissions instead."""

from __future__ import annotations

from typing import Any

from golden.scenes_events import NOWHERE
from golden.scenes_sales import confirm, place, token
from golden.walking import Walk

__all__ = ["changes"]

Json = dict[str, Any]

MAP = {
    "sections": [
        {"name": "A", "rows": 2, "seats_per_row": 3, "category": "stalls"},
        {"name": "T", "rows": 1, "seats_per_row": 2, "category": "tables", "sold": "whole"},
    ]
}


async def changes(walk: Walk) -> None:
    """Cancel parts of bookings and exchange others, and meet every refusal."""
    areas = [{"name": "floor", "capacity": 4}, {"name": "stand", "capacity": 1}]
    event = {"name": "Concert", "areas": areas, "seat_map": MAP, "max_per_hold": None}
    number = (await walk.do("create_event", json=event))["number"]
    seats, counted = {"seats": ["A-1-1", "A-1-2"]}, {"quantity": 2, "area": "floor"}
    held = await place(walk, number, seats, counted, {"quantity": 1, "area": "stand"})
    booking = (await confirm(walk, held))["id"]
    table = (await confirm(walk, await place(walk, number, {"seats": ["T-1-1"]})))["id"]
    await walk.do("block_admissions", number, json={"seats": ["A-2-3"]})
    await place(walk, number, {"seats": ["A-2-2"]})
    await _cancelled_in_part(walk, booking, table, held)
    await _exchanged(walk, booking, held)
    await _given_away(walk, booking)
    await _not_for_sale(walk)


async def _given_away(walk: Walk, booking: str) -> None:
    mary: Json = {"buyer": {"name": "Mary Somerville", "email": "mary@example.org"}, "language": "de"}
    key = {"Idempotency-Key": "c1f6a8b4-88f7-4cf6-9a9d-0d7a2a4d7f11"}
    await walk("transfer_booking", "credentials_required", booking, by="guest", json=mary)
    await walk("transfer_booking", "forbidden", booking, by="reader", json=mary)
    await walk("transfer_booking", "booking_not_found", NOWHERE, json=mary)
    await walk(
        "transfer_booking", "invalid_input", booking, json={"buyer": {"name": "Mary", "email": "mary"}}
    )
    await walk("transfer_booking", 200, booking, by="organiser", json=mary, headers=key)
    await walk("transfer_booking", 200, booking, by="organiser", json=mary, headers=key, note="again")
    other = {"buyer": {"name": "Ada", "email": "ada@example.org"}}
    await walk("transfer_booking", "idempotency_key_reused", booking, by="organiser", json=other, headers=key)


async def _cancelled_in_part(walk: Walk, booking: str, table: str, held: Json) -> None:
    refused: list[tuple[str, Json]] = [
        ("area_required", {"quantity": 1}),
        ("area_unknown", {"quantity": 1, "area": "roof"}),
        ("duplicate_seat", {"seats": ["A-1-1", "A-1-1"]}),
        ("not_in_booking", {"seats": ["A-2-1"]}),
    ]
    for code, line in refused:
        await walk("cancel_booking", code, booking, json={"lines": [line]})
    of_table = {"lines": [{"seats": ["T-1-2"]}]}
    await walk("cancel_booking", "invalid_input", table, json=of_table, note="a seat of a whole table")
    part = {"lines": [{"quantity": 1, "area": "floor"}]}
    await walk(
        "cancel_booking", 200, booking, by="guest", json=part, headers=token(held), note="a part of it"
    )


async def _exchanged(walk: Walk, booking: str, held: Json) -> None:
    returns = [{"seats": ["A-1-1"]}]
    one: Json = {"lines": [{"seats": ["A-2-1"]}], "returns": returns}
    key = {"Idempotency-Key": "3a0d6c0f-7f4b-4b39-9a52-6d1e8f7c2b90"}
    await walk("exchange_booking", "credentials_required", booking, by="guest", json=one)
    await walk("exchange_booking", "forbidden", booking, by="reader", json=one)
    await walk("exchange_booking", "booking_not_found", NOWHERE, json=one)
    refused: list[tuple[str, Json]] = [
        ("area_required", {"quantity": 1}),
        ("area_unknown", {"quantity": 1, "area": "roof"}),
        ("seat_unknown", {"seats": ["A-9-9"]}),
        ("seat_taken", {"seats": ["A-2-2"]}),
        ("seat_blocked", {"seats": ["A-2-3"]}),
        ("sold_out", {"quantity": 1, "area": "stand"}),
        ("invalid_input", {"quantity": 2, "area": "floor"}),
    ]
    for code, line in refused:
        await walk("exchange_booking", code, booking, json={"lines": [line], "returns": returns})
    two = {"lines": [{"seats": ["A-2-1", "A-2-1"]}], "returns": [{"seats": ["A-1-1", "A-1-2"]}]}
    await walk("exchange_booking", "duplicate_seat", booking, json=two)
    apart = {"lines": [{"best_available": 2, "category": "stalls"}], "returns": two["returns"]}
    await walk("exchange_booking", "not_together", booking, json=apart)
    missing = {"lines": [{"seats": ["A-2-1"]}], "returns": [{"seats": ["A-2-2"]}]}
    await walk("exchange_booking", "not_in_booking", booking, json=missing)
    await walk("exchange_booking", 200, booking, by="guest", json=one, headers=token(held) | key)
    again = token(held) | key
    await walk("exchange_booking", 200, booking, by="guest", json=one, headers=again, note="again")
    other = {"lines": [{"seats": ["A-1-3"]}], "returns": [{"seats": ["A-2-1"]}]}
    await walk("exchange_booking", "idempotency_key_reused", booking, by="guest", json=other, headers=again)
    await walk("exchange_booking", 200, booking, by="organiser", json=other, note="by staff")


async def _not_for_sale(walk: Walk) -> None:
    one: Json = {"lines": [{"quantity": 1}]}
    many = {"name": "Large", "capacity": 5, "seat_map": {"labels": [f"B-1-{n}" for n in range(1, 502)]}}
    large = (await walk.do("create_event", json=many | {"max_per_hold": None, "capacity": 501}))["number"]
    held = await place(walk, large, {"quantity": 501})
    booking = (await confirm(walk, held))["id"]
    seats = {"lines": [{"best_available": 501, "together": False}]}
    await walk("exchange_booking", "quantity_over_limit", booking, json=seats)
    event = await walk.do("create_event", json={"name": "Concert", "capacity": 5})
    number = event["number"]
    held = await place(walk, number)
    booking = (await confirm(walk, held))["id"]
    await walk.do("stop_sales", number)
    await walk("exchange_booking", "sales_stopped", booking, by="guest", json=one, headers=token(held))
    await walk.do("resume_sales", number)
    await walk.do("change_event", number, json={"off_sale_at": "2020-01-01T20:00:00Z"})
    await walk("exchange_booking", "event_not_on_sale", booking, by="guest", json=one, headers=token(held))
    await walk.do("cancel_event", number)
    await walk("exchange_booking", "event_cancelled", booking, json=one)
    mary = {"buyer": {"name": "Mary Somerville", "email": "mary@example.org"}}
    await walk("transfer_booking", "event_cancelled", booking, json=mary)
    await walk.do("cancel_booking", booking)
    await walk("exchange_booking", "booking_already_cancelled", booking, json=one)
    await walk("transfer_booking", "booking_already_cancelled", booking, json=mary)
