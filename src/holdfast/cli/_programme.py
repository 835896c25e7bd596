"""Programme: the sample events that `holdfast demo` puts on sale beside its house, so that the shop is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from holdfast.access.audit import Actor
from holdfast.cli._database import BY
from holdfast.cli._event_files import new_event
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules.commands import STAFF, ConfirmHold, NewEvent, PlaceHold, QuantityLine
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.presentation.presentations import Presentations
from holdfast.samples import theatre

__all__ = ["MadeEvent", "dated", "make_programme"]

_ZONE = "Europe/Berlin"
_MAX_EVENTS = 200

_LIGHTHOUSE = """\
Songs of the coast, sung by a band of four and everybody who knows the words.

- Doors open an hour before.
- The **balcony** has chairs, the floor has none.
"""
_SUPPER = "Five courses between two piers, while the lights of the town go by."
_PLAY = """\
A house, an orchard, and a family that cannot decide. Chekhov's last play in a small room, close to the actors.

*Two and a half hours, with a pause.*
"""
_QUARTET = "Schubert and Shostakovich by candlelight. Bring a coat: the church is not heated."
_BALL = "Dance into the new year to a band of twelve. At midnight the roof opens."


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeEvent:
    """An event of the programme."""

    number: int
    name: str


def dated(fields: dict[str, Any], now: datetime, *, days: int, hour: int = 20) -> dict[str, Any]:
    """Return the fields of a sample event in some days, at an hour of the clocks there."""
    day = now.astimezone(ZoneInfo(_ZONE)) + timedelta(days=days)
    starts = day.replace(hour=hour, minute=0, second=0, microsecond=0)
    return {"rehearsal": True, "time_zone": _ZONE, "starts_at": starts.isoformat(), **fields}


async def make_programme(
    inventory: Inventory, presentations: Presentations, now: datetime
) -> list[MadeEvent]:
    """Make the sample events that do not exist yet: some with places, one sold out, one that is not yet on sale."""
    listed = await inventory.queries.list_events(EventFilter(drafts=False), before=None, limit=_MAX_EVENTS)
    known = {event.name for event, _, _ in listed if event.starts_at is None or event.starts_at > now}
    made = []
    for new, about, is_sold_out in _samples(now):
        if new.name in known:
            continue
        event = await inventory.create_event(new, by=BY)
        await presentations.describe(event.number, about, by=Actor(principal=BY))
        if is_sold_out:
            await _sell_out(inventory, event.number, event.capacity)
        made.append(MadeEvent(number=event.number, name=event.name))
    return made


def _samples(now: datetime) -> list[tuple[NewEvent, str, bool]]:
    """Return the events, what is said of each, and whether it is sold out."""
    lighthouse = {
        "name": "The Paper Lighthouse",
        "venue": "Net Loft, Port Ellery",
        "areas": [{"name": "Standing", "capacity": 400}, {"name": "Balcony", "capacity": 120}],
    }
    play = {"name": "The Cherry Orchard", "venue": "Kleines Schauspielhaus"}
    supper = {"name": "Supper on the ferry", "venue": "Pier 3", "capacity": 24, "max_per_hold": 24}
    quartet = {"name": "A quartet by candlelight", "venue": "St Anne’s", "capacity": 80}
    ball = {
        "name": "The New Year ball",
        "venue": "Town hall",
        "capacity": 600,
        "on_sale_at": (now + timedelta(days=2)).isoformat(),
    }
    return [
        (new_event(dated(lighthouse, now, days=5), None), _LIGHTHOUSE, False),
        (new_event(dated(supper, now, days=8, hour=18), None), _SUPPER, True),
        (new_event(dated(play, now, days=13, hour=19), parse_seat_map(theatre())), _PLAY, False),
        (new_event(dated(quartet, now, days=27), None), _QUARTET, False),
        (new_event(dated(ball, now, days=40, hour=21), None), _BALL, False),
    ]


async def _sell_out(inventory: Inventory, number: int, capacity: int) -> None:
    hold_id, booking_id = inventory.new_id(number), inventory.new_id(number)
    place = PlaceHold(by=BY, hold_id=hold_id, lines=(QuantityLine(quantity=capacity),))
    await inventory.execute(number, place)
    confirm = ConfirmHold(by=BY, hold_id=hold_id, booking_id=booking_id, authority=STAFF)
    await inventory.execute(number, confirm)
