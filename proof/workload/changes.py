"""Changes: a client cancels a part of its booking, or exchanges it, in the words of the log."""

from __future__ import annotations

import random
from typing import Any

import orjson

from proof.workload.calls import Call, Held, Outcome, line_of, parts_of
from proof.workload.wire import Request

__all__ = ["draw_new", "draw_part", "exchange", "reduce"]

Line = dict[str, Any]


def draw_part(chance: random.Random, held: Held) -> Line | None:
    """Return some of what a booking has; None if it has one admission, or a table that is sold whole."""
    if not held.event.tables.keys().isdisjoint(held.seats):
        return None
    if len(held.seats) + sum(held.areas.values()) < 2:
        return None
    areas = [name for name, quantity in held.areas.items() if name in held.event.areas and quantity > 1]
    if areas and (len(held.seats) < 2 or chance.random() < 0.5):
        area = chance.choice(areas)
        return {"area": area, "quantity": chance.randint(1, held.areas[area] - 1)}
    if len(held.seats) < 2:
        return None
    return {"seats": chance.sample(held.seats, chance.randint(1, len(held.seats) - 1))}


def draw_new(chance: random.Random, held: Held, quantity: int) -> Line:
    """Return as many other admissions, some of which somebody else may have."""
    event = held.event
    if event.areas and (not event.rows or chance.random() < 0.3):
        return {"area": chance.choice(sorted(event.areas)), "quantity": quantity}
    seats = [label for label in event.draw_seats(chance, quantity) if label not in event.tables]
    if len(seats) == quantity and chance.random() < 0.7:
        return {"seats": seats}
    return {"best": quantity, "category": None, "together": chance.random() < 0.5}


def reduce(held: Held, part: Line) -> Call:
    return _changed("reduce", held, "cancel", {"lines": [part]}, {"returns": [part]})


def exchange(held: Held, part: Line, new: Line) -> Call:
    body = {"returns": [part], "lines": [line_of(new)]}
    given = {"returns": [part], "lines": [new], "partial": False}
    return _changed("exchange", held, "exchange", body, given)


def _changed(f: str, held: Held, verb: str, body: dict[str, Any], given: dict[str, Any]) -> Call:
    path = f"/v1/bookings/{held.booking}/{verb}"
    return Call(
        f=f,
        via="v1",
        given={"booking": held.booking, **held.name, **given},
        request=Request("POST", path, orjson.dumps(body), token=held.token),
        read=_read,
        is_keyed=True,
    )


def _read(reply: dict[str, Any]) -> Outcome:
    seats, areas = parts_of(reply["lines"])
    facts = {name: reply[name] for name in ("hold", "event", "status")}
    return Outcome("ok", out={"booking": reply["id"], **facts, "seats": seats, "areas": areas})
