"""Scenes of `/v1`: events, blocks, availability, seats and their history."""

from __future__ import annotations

import asyncio
from typing import Any

from golden.walking import Walk

__all__ = ["NOWHERE", "SEATS", "events", "inventory"]

Json = dict[str, Any]

SEATS: Json = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 5, "category": "stalls"}]}
NOWHERE = "00000000-0fff-8bbc-9b3a-8e0cbe6e3a5d"
"""An id of no event, hold, booking or block."""

_FULL: Json = {
    "name": "Concert",
    "venue": "Hall",
    "time_zone": "Europe/Berlin",
    "starts_at": "2099-01-01T20:00:00Z",
    "on_sale_at": "1999-01-01T20:00:00Z",
    "off_sale_at": "2098-01-01T20:00:00Z",
    "areas": [{"name": "floor", "capacity": 10, "category": "standing"}, {"name": "balcony", "capacity": 5}],
    "seat_map": SEATS,
    "hold_ttl_seconds": 60,
    "max_hold_ttl_seconds": 600,
    "max_per_hold": 4,
    "max_per_buyer": 4,
    "allow_partial": True,
    "status": "draft",
}


async def events(walk: Walk) -> None:
    """The life of an event, and every refusal."""
    full = await walk("create_event", 201, json=_FULL, note="with everything")
    number = full["number"]
    plain = await walk("create_event", 201, json={"name": "Plain", "capacity": 10})
    await walk("create_event", 201, json={"name": "Empty"}, note="without inventory")
    await walk("create_event", "invalid_input", json={"name": "", "capacity": -1, "colour": "red"})
    await walk("create_event", "invalid_input", json={}, note="empty body")
    await walk("create_event", "malformed_json", note="without a body")
    twice = {"name": "Twice", "seat_map": {"labels": ["A-1-1", "A-1-1"]}}
    await walk("create_event", "duplicate_seat", json=twice)
    same = {"name": "Once", "capacity": 1}
    key = {"Idempotency-Key": "the key of an event"}
    both = (("idempotency-key", "the-key-of-two-events"),)
    await asyncio.gather(
        walk("create_event", 201, json=same, note="first of two at once", headers=dict(both)),
        walk("create_event", "in_progress", json=same, headers=dict(both)),
    )
    await walk("create_event", "bad_request", json=same, headers=key, note="a space in the key")
    kept = {"Idempotency-Key": "the-key-of-an-event"}
    await walk("create_event", 201, json=same, headers=kept, note="under a key")
    await walk("create_event", 201, json=same, headers=kept, note="under a key, again")
    await walk("create_event", "idempotency_key_reused", json=same | {"capacity": 2}, headers=kept)

    await walk("list_events", 200)
    await walk("list_events", 200, by="guest", query="limit=2", note="two of them")
    query = "status=draft&text=conc&starts_from=1999-01-01T20:00:00Z&starts_before=2099-12-31T20:00:00Z"
    await walk("list_events", 200, query=query, note="filtered")
    await walk("list_events", "invalid_input", query="limit=0&status=lost&colour=red&cursor=AAAA")
    await walk("get_event", 200, plain["id"], by="guest")
    await walk("get_event", 200, number, note="a draft")
    await walk("get_event", "event_not_found", number, by="guest", note="a draft, to a guest")
    await walk("get_event", "event_not_found", "no-id")

    await walk("change_event", 200, number, json={"venue": None, "name": "Another", "max_per_hold": 3})
    await walk("change_event", "invalid_input", number, json={"capacity": 3}, note="several areas")
    added = {"seat_map": {"labels": ["Z-1-1"]}, "areas": [{"name": "floor", "capacity": 4}]}
    added["categories"] = [{"name": "standard", "add": True}]
    await walk("change_event", 200, number, json=added, note="seats and areas")
    parts = {
        "areas": [
            {"id": 1, "name": "arena", "closed": True},
            {"name": "balcony", "remove": True},
            {"name": "terrace", "capacity": 3, "add": True},
        ],
        "categories": [{"id": 3, "name": "front stalls"}],
    }
    await walk("change_event", 200, number, json=parts, note="names and states of areas")
    await walk("change_event", "area_unknown", number, json={"areas": [{"name": "floor", "capacity": 9}]})
    await walk("change_event", "duplicate_seat", number, json={"seat_map": {"labels": ["A-1-1"]}})
    await walk("change_event", "event_not_found", NOWHERE, json={"name": "Nobody"})
    await walk("change_event", "invalid_input", number, json={"name": None, "colour": 1})
    await walk("change_event", 200, number, json={}, note="nothing to change")
    await walk.do("place_hold", json={"event": plain["number"], "lines": [{"quantity": 4}]})
    await walk("change_event", "capacity_taken", plain["number"], json={"capacity": 3})

    moves = {"publish_event": number, "stop_sales": number, "resume_sales": number, "cancel_event": number}
    for position, (move, event) in enumerate(moves.items()):
        retried = {"Idempotency-Key": f"the-key-of-a-move-{position}"}
        await walk(move, 200, event, headers=retried)
        await walk(move, 200, event, headers=retried, note="under its key, again")
        await walk(move, "idempotency_key_reused", event, headers=retried, json={})
        await walk(move, "event_not_found", NOWHERE)
        await walk(move, "invalid_input", event, json={"colour": "red"})
    await walk("cancel_event", 200, number, note="a cancelled one")
    for move in ("publish_event", "stop_sales", "resume_sales"):
        await walk(move, "event_cancelled", number)
    await walk("change_event", "event_cancelled", number, json={"name": "Late"})


async def inventory(walk: Walk) -> None:
    """Blocks, availability, seats, maps and histories of one event."""
    areas = [{"name": "floor", "capacity": 5}, {"name": "balcony", "capacity": 5}]
    event = await walk.do("create_event", json={"name": "Concert", "areas": areas, "seat_map": SEATS})
    number = event["number"]
    draft = await walk.do("create_event", json={"name": "Draft", "capacity": 1, "status": "draft"})
    ended = await walk.do("create_event", json={"name": "Ended", "capacity": 1})
    await walk.do("cancel_event", ended["number"])
    lines = [{"seats": ["A-1-1"]}, {"quantity": 1, "area": "floor"}]
    await walk.do("place_hold", json={"event": number, "lines": lines})
    await _blocks(walk, number, ended["number"])
    await _stored_maps(walk)
    await walk("list_mail", "forbidden", note="without open mode")
    await _notices(walk, number)

    for operation in ("get_availability", "list_seats", "get_seat_map"):
        path = (number, event["map_version"]) if operation == "get_seat_map" else (number,)
        nowhere = (NOWHERE, 1) if operation == "get_seat_map" else (NOWHERE,)
        await walk(operation, 200, *path, by="guest")
        tag = walk.answer.header("etag")
        await walk(operation, 304, *path, by="guest", headers={"If-None-Match": tag})
        await walk(operation, "event_not_found", *nowhere)
        await walk(operation, "invalid_input", *path, query="colour=red")
    epoch = (await walk.do("get_availability", number))["epoch"]
    await walk("get_availability", 200, number, query=f"since={epoch}.1", note="since a bookmark")
    await walk("get_availability", 200, number, query=f"since={epoch}.{10**9}", note="since one to come")
    await walk("get_availability", 200, number, query="since=1", note="since a version without an epoch")
    await walk("get_availability", "invalid_input", number, query="since=-1&as_of=now", note="values")
    await walk(
        "get_availability", "event_not_found", number, query="as_of=1999-01-01T20:00:00Z", note="long ago"
    )
    await walk("get_availability", "event_not_found", draft["number"], by="guest", note="a draft")
    await walk("get_availability", 200, draft["number"], note="a draft")
    await walk("get_availability", 200, ended["number"], note="a cancelled event")
    await walk("list_seats", 200, number, query="all=true", note="all")
    await walk("list_seats", 200, number, query="form=packed", note="packed")
    await walk("list_seats", 200, ended["number"], note="without seats")
    await walk("list_seats", "invalid_input", number, query="all=perhaps", note="values")
    await walk("find_seat_map", 307, number, by="guest")
    await walk("find_seat_map", 307, number, query="form=columns", note="in columns")
    await walk("find_seat_map", "event_not_found", NOWHERE)
    await walk("find_seat_map", "invalid_input", number, query="colour=red")
    await walk("get_seat_map", 200, number, f"{epoch}.0", note="version 0 of this epoch")
    await walk("get_seat_map", 200, number, f"{epoch}.1", query="form=columns", note="in columns")
    await walk("get_seat_map", "not_found", number, "00000000.0", note="of another epoch")
    await walk("get_seat_map", "not_found", number, 7)
    await walk("get_seat_map", "not_found", number, "seven", note="no number")
    await walk("get_seat_history", 200, number, "A-1-2", by="reader")
    await walk("get_seat_history", 200, number, "A-1-2", query="limit=1", note="one of it")
    await walk("get_seat_history", "seat_not_found", number, "Q-9-9")
    await walk("get_seat_history", "event_not_found", NOWHERE, "A-1-1")
    await walk("get_seat_history", "invalid_input", number, "A-1-1", query="limit=9999")
    await walk("get_sales", 200, ended["number"], by="reader")
    await walk("get_sales", "event_not_found", NOWHERE)
    await walk("get_sales", "invalid_input", number, query="span=year")
    await walk("stream_event", 200, number, by="guest")
    await walk(
        "stream_event", 200, number, headers={"Last-Event-ID": f"{epoch}.1"}, note="from a bookmark on"
    )
    await walk("stream_event", 200, number, query=f"since={epoch}.1", note="since a bookmark")
    await walk("stream_event", "event_not_found", NOWHERE)
    await walk("stream_event", "invalid_input", number, query="colour=red")


async def _notices(walk: Walk, number: int) -> None:
    await walk("list_notices", 200, number, by="reader")
    await walk("list_notices", 200, number, query="since=1&limit=1", note="some of them")
    await walk("list_notices", "event_not_found", NOWHERE)
    await walk("list_notices", "invalid_input", number, query="since=-1&limit=0&colour=red")
    url = {"url": "https://shop.example/hook"}
    await walk("create_webhook", "forbidden", json=url)
    await walk("list_webhooks", "forbidden")
    await walk("get_webhook", "forbidden", NOWHERE)
    await walk("change_webhook", "forbidden", NOWHERE, json={"status": "disabled"})
    await walk("delete_webhook", "forbidden", NOWHERE)
    await walk("rotate_webhook", "forbidden", NOWHERE)
    await walk("test_webhook", "forbidden", NOWHERE)
    await walk("list_deliveries", "forbidden", NOWHERE)
    await walk("retry_delivery", "forbidden", NOWHERE, NOWHERE)
    await walk("list_audit_entries", "forbidden")


async def _stored_maps(walk: Walk) -> None:
    hall: Json = {"name": "Hall", "seat_map": {"labels": ["A1", "A2"]}}
    retried = {"Idempotency-Key": "the-key-of-a-seat-map"}
    stored = await walk("create_seat_map", 201, json=hall, headers=retried)
    await walk("create_seat_map", 201, json=hall, headers=retried, note="under its key, again")
    other = {**hall, "name": "Other"}
    await walk("create_seat_map", "idempotency_key_reused", json=other, headers=retried)
    twice = {"name": "Hall", "seat_map": {"labels": ["A1", "A1"]}}
    await walk("create_seat_map", "duplicate_seat", json=twice)
    await walk("create_seat_map", "invalid_input", json={"name": "Hall", "seat_map": {}})
    await walk("list_seat_maps", 200, by="reader")
    await walk("list_seat_maps", "invalid_input", query="limit=0")
    await walk("get_stored_seat_map", 200, stored["id"], by="reader")
    await walk("get_stored_seat_map", "seat_map_not_found", NOWHERE)
    await walk(
        "get_stored_seat_map", "seat_map_not_found", stored["id"], query="version=7", note="no version"
    )
    await walk("get_stored_seat_map", "invalid_input", stored["id"], query="version=0")
    later = {"name": "Hall", "seat_map": {"labels": ["A1", "A2", "A3"]}}
    await walk("add_seat_map_version", 201, stored["id"], json=later)
    await walk("add_seat_map_version", "seat_map_not_found", NOWHERE, json=later)
    await walk("add_seat_map_version", "duplicate_seat", stored["id"], json=twice)
    await walk("add_seat_map_version", "invalid_input", stored["id"], json={})
    event = await walk.do("create_event", json={"name": "Copy", "seat_map": {"id": stored["id"]}})
    await walk("get_seat_map", 200, event["number"], 1, note="of an event that copies a stored map")
    wrong = {"name": "Copy", "seat_map": {"id": NOWHERE}}
    await walk("create_event", "invalid_input", json=wrong, note="an unknown stored map")


async def _blocks(walk: Walk, number: int, ended: int) -> None:
    retried = {"Idempotency-Key": "the-key-of-a-block"}
    wanted = {"seats": ["A-1-2", "A-1-3"], "reason": "camera"}
    block = await walk("block_admissions", 201, number, json=wanted, headers=retried)
    await walk("block_admissions", 201, number, json=wanted, headers=retried, note="under its key, again")
    await walk("block_admissions", 201, number, json={"area": "floor", "quantity": 2}, note="of an area")
    refused: dict[str, Json] = {
        "area_required": {"quantity": 1},
        "area_unknown": {"quantity": 1, "area": "cellar"},
        "duplicate_seat": {"seats": ["A-2-1", "A-2-1"]},
        "seat_blocked": {"seats": ["A-1-2"]},
        "seat_taken": {"seats": ["A-1-1"]},
        "seat_unknown": {"seats": ["Q-9-9"]},
        "sold_out": {"quantity": 9, "area": "floor"},
        "invalid_input": {"quantity": 0, "seats": [], "colour": "red"},
    }
    for outcome, body in refused.items():
        await walk("block_admissions", outcome, number, json=body)
    await walk(
        "block_admissions", "invalid_input", number, json={"quantity": 1, "seats": ["A-2-1"]}, note="both"
    )
    await walk("block_admissions", "invalid_input", number, json={}, note="neither")
    other = {"seats": ["A-1-4"]}
    await walk("block_admissions", "idempotency_key_reused", number, json=other, headers=retried)
    await walk("block_admissions", "event_not_found", NOWHERE, json=other)
    await walk("block_admissions", "event_cancelled", ended, json={"quantity": 1})
    await walk("list_blocks", 200, number, by="reader")
    await walk("list_blocks", 200, number, query="limit=1&lifted=false", note="one of them")
    await walk("list_blocks", "event_not_found", NOWHERE)
    await walk("list_blocks", "invalid_input", number, query="lifted=perhaps")
    lift = {"Idempotency-Key": "the-key-of-a-lift"}
    await walk("lift_block", 200, number, block["id"], headers=lift)
    await walk("lift_block", 200, number, block["id"], note="a lifted one")
    await walk("lift_block", "idempotency_key_reused", number, block["id"], headers=lift, json={})
    await walk("lift_block", "block_not_found", number, NOWHERE)
    await walk("lift_block", "event_not_found", NOWHERE, block["id"])
    await walk("lift_block", "invalid_input", number, block["id"], json={"colour": "red"})
    await walk.do("block_admissions", number, json={"seats": ["A-1-3"]})
