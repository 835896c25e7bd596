"""Texts of the door's rules and movements, as their columns take them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from holdfast.door.decide import Direction, DoorRules, EntryList, Movement, ReEntry

__all__ = ["movement_of", "movement_text", "rules_of", "rules_text"]


def rules_text(rules: DoorRules) -> str:
    lists = [
        {
            "name": each.name,
            "areas": list(each.areas),
            "categories": list(each.categories),
            "opens_at": each.opens_at,
            "closes_at": each.closes_at,
        }
        for each in rules.lists
    ]
    return orjson.dumps({"re_entry": rules.re_entry, "lists": lists}).decode()


def rules_of(text: str) -> DoorRules:
    stored = orjson.loads(text)
    return DoorRules(
        re_entry=ReEntry(stored["re_entry"]), lists=tuple(_list_of(each) for each in stored["lists"])
    )


def movement_text(movement: Movement | None) -> str | None:
    if movement is None:
        return None
    members = {"direction": movement.direction, "at": movement.at, "gate": movement.gate}
    return orjson.dumps(members).decode()


def movement_of(text: str | None) -> Movement | None:
    if text is None:
        return None
    stored = orjson.loads(text)
    at = datetime.fromisoformat(stored["at"])
    return Movement(direction=Direction(stored["direction"]), at=at, gate=stored["gate"])


def _list_of(stored: dict[str, Any]) -> EntryList:
    return EntryList(
        name=stored["name"],
        areas=tuple(stored["areas"]),
        categories=tuple(stored["categories"]),
        opens_at=_time_of(stored["opens_at"]),
        closes_at=_time_of(stored["closes_at"]),
    )


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
