"""Dump: the simulated engine's final state, from its API and from its rows."""

from __future__ import annotations

from typing import Any

from proof.simulator.engine import Engine
from proof.simulator.model import Hold

__all__ = ["dump"]


def dump(engine: Engine, now: int) -> dict[str, Any]:
    api: dict[str, Any] = {"bookings": [], "holds": [], "availability": {}}
    sql: dict[str, Any] = {"bookings": [], "holds": [], "areas": [], "journal": []}
    for event in engine.events.values():
        if not engine.has("lapsed_not_on_sale"):
            engine.reclaim(event, now)
        sql["journal"] += event.journal
        counts: dict[str, dict[str, int]] = {
            number: {"held": 0, "booked": 0, "blocked": 0} for number in event.area_numbers.values()
        }
        for hold in event.holds.values():
            _dump_hold(engine, hold, api, sql, counts)
        for name, number in event.area_numbers.items():
            row = {"event": event.id, "number": int(number), "name": name, **counts[number]}
            sql["areas"].append({**row, "capacity": event.size_of(name)})
    return {"api": api, "sql": sql, "server_time": now}


def _dump_hold(
    engine: Engine,
    hold: Hold,
    api: dict[str, Any],
    sql: dict[str, Any],
    counts: dict[str, dict[str, int]],
) -> None:
    event = hold.event
    row: dict[str, Any] = {"id": hold.id, "event": event.id, "status": hold.row_status, "seats": hold.seats}
    row |= {"areas": hold.areas, "placed_at": hold.placed_at, "expires_at": hold.expires_at}
    sql["holds"].append({**row, "buyer": hold.buyer})
    if hold.status in ("active", "confirmed"):
        for number, count in event.areas_of(hold).items():
            counts[number]["held" if hold.status == "active" else "booked"] += count
    if hold.status == "active":
        api["holds"].append({"id": hold.id, "event": event.id, "status": "active"})
    if hold.booking is not None:
        status = "cancelled" if hold.status == "cancelled" else "confirmed"
        booking: dict[str, Any] = {"id": hold.booking, "hold": hold.id, "event": event.id, "status": status}
        booking |= {"seats": hold.seats, "areas": hold.areas, "confirmed_at": hold.confirmed_at}
        sql["bookings"].append({**booking, "buyer": hold.buyer})
        if engine.seldom("rows_disagree"):
            booking["status"] = "cancelled" if status == "confirmed" else "confirmed"
        api["bookings"].append(booking)
