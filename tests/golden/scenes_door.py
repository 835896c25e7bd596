"""Scenes of `/v1`: the doors of an event, their rules, and scans with every verdict."""

from __future__ import annotations

from typing import Any

from golden.scenes_events import NOWHERE
from golden.scenes_sales import confirm, place
from golden.walking import Walk

__all__ = ["door"]

Json = dict[str, Any]
AT = "2026-11-05T18:42:00Z"


async def door(walk: Walk) -> None:
    """Set the rules, scan at two doors, and read the log, the counts and the list."""
    event = await walk.do("create_event", json={"name": "Concert", "capacity": 20})
    number = event["number"]
    held = await place(walk, number, {"quantity": 2, "area": "general"})
    booking = await confirm(walk, held)
    listed = await walk.do("list_tickets", booking["id"])
    codes = [one["code"] for one in listed["items"]]

    await walk("get_door", 200, number, note="of a new event")
    lists = [{"name": "VIP", "categories": ["box"], "opens_at": AT}]
    await walk("change_door", 200, number, json={"re_entry": "never", "lists": lists})
    await walk("change_door", "event_not_found", NOWHERE, json={})
    await walk("change_door", "credentials_required", number, by="guest", json={})
    await walk("change_door", "forbidden", number, by="reader", json={})
    await walk("change_door", "invalid_input", number, json={"re_entry": "often", "colour": "red"})
    twice = {"lists": [{"name": "VIP"}, {"name": "VIP"}]}
    await walk("change_door", "invalid_input", number, json=twice, note="two lists of one name")

    def scan(seq: int, code: str, **given: object) -> Json:
        return {"seq": seq, "at": AT, "code": code, **given}

    first = {
        "device": "door-a",
        "items": [
            scan(1, codes[0], gate="Door A"),
            scan(2, codes[0], gate="Door A"),
            scan(3, codes[0], gate="Door A", direction="out"),
            scan(4, codes[1], list="VIP"),
            scan(5, "4006381333931"),
            scan(1, codes[1]),
        ],
    }
    await walk("record_check_ins", 200, number, json=first)
    await walk("record_check_ins", 200, number, json=first, note="again")
    late = {"device": "door-b", "sent_at": AT, "items": [scan(1, codes[0], gate="Door B", shown=True)]}
    await walk("record_check_ins", 200, number, json=late, note="of a door without a network")
    await walk("record_check_ins", "event_not_found", NOWHERE, json=late)
    await walk("record_check_ins", "credentials_required", number, by="guest", json=late)
    await walk("record_check_ins", "forbidden", number, by="reader", json=late)
    await walk("record_check_ins", "invalid_input", number, json={"device": "Door A", "items": []})

    for operation in ("list_check_ins", "get_door", "get_check_in_list"):
        await walk(operation, 200, number)
        await walk(operation, "event_not_found", NOWHERE)
        await walk(operation, "credentials_required", number, by="guest")
        await walk(operation, "forbidden", number, by="reader")
        await walk(operation, "invalid_input", number, query="colour=red")
