"""Scenes: two or three engines act on the same admissions at the same moment.

The plain scenes are all pairs and triples of the five verbs of a sale, on seats and on a counted area. Their hold is
live, lapsed or booked. The special scenes are in special.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from random import Random
from typing import Any
from uuid import UUID

from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from inventory.rules.sales import Known, a_command, a_hall, rows_of

ACTORS = ("a", "b", "c")


class Cast:
    """Ids by name. The same name always means the same hold, booking or block."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self.new_id = new_id
        self._ids: dict[str, UUID] = {}

    def __getitem__(self, name: str) -> UUID:
        if name not in self._ids:
            self._ids[name] = self.new_id()
        return self._ids[name]

    def place(self, name: str, *lines: c.Line, **more: Any) -> c.PlaceHold:
        return c.PlaceHold(hold_id=self[name], lines=lines, **more)

    def confirm(self, name: str, booking: str | None = None, **more: Any) -> c.ConfirmHold:
        booking_id = self[booking or f"booking of {name}"]
        return c.ConfirmHold(hold_id=self[name], booking_id=booking_id, authority=c.STAFF, **more)

    def release(self, name: str) -> c.ReleaseHold:
        return c.ReleaseHold(hold_id=self[name], authority=c.STAFF)

    def extend(self, name: str, **more: Any) -> c.ExtendHold:
        return c.ExtendHold(hold_id=self[name], authority=c.STAFF, **more)

    def cancel(self, booking: str) -> c.CancelBooking:
        return c.CancelBooking(booking_id=self[booking], authority=c.STAFF)

    def exchange(self, booking: str, *lines: c.Line, **more: Any) -> c.ExchangeAdmissions:
        return c.ExchangeAdmissions(booking_id=self[booking], lines=lines, authority=c.STAFF, **more)

    def block(self, name: str, **what: Any) -> c.BlockAdmissions:
        return c.BlockAdmissions(block_id=self[name], **what)

    def instant(self, name: str, number: int, quantity: int, **more: Any) -> c.BookInstantly:
        return c.BookInstantly(
            attempt_number=number,
            hold_id=self[name],
            booking_id=self[f"booking of {name}"],
            quantity=quantity,
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class Plot:
    """First `before` runs, one command at a time. Then the `lapsed` holds lapse, and the batches meet."""

    before: Sequence[c.AnyCommand] = ()
    lapsed: Sequence[UUID] = ()
    batches: dict[str, Sequence[c.AnyCommand]]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One event, and the batches that meet in it."""

    name: str
    areas: dict[str, int] = field(default_factory=dict)
    seats: tuple[SeatSpec, ...] = ()
    rules: dict[str, Any] = field(default_factory=dict)
    plot: Callable[[Cast], Plot]

    @property
    def labels(self) -> dict[str, str]:
        return {spec.label: spec.category for spec in self.seats}


def seats(*numbers: int) -> c.SeatsLine:
    return c.SeatsLine(labels=tuple(f"A-1-{number}" for number in numbers))


def quantity(count: int, area: str | None = None) -> c.QuantityLine:
    return c.QuantityLine(quantity=count, area=area)


def best(count: int, *, together: bool = True) -> c.BestAvailableLine:
    return c.BestAvailableLine(quantity=count, together=together)


def one_row(width: int) -> tuple[SeatSpec, ...]:
    return rows_of((width,), ("gold",))


# -- every meeting of the five verbs -----------------------------------------------------------------------------------

VERBS = ("place", "confirm", "release", "expire", "cancel")
STATES = ("live", "lapsed", "booked")


def plain_scenes(count: int) -> Iterator[Scene]:
    """Yield a scene for each multiset of `count` verbs, on the admissions of one hold in each state."""
    for inventory in ("seats", "counted"):
        for state in STATES:
            for verbs in combinations_with_replacement(VERBS, count):
                yield Scene(
                    name=f"{inventory}, {state}: {' + '.join(verbs)}",
                    areas={"floor": 4} if inventory == "counted" else {},
                    seats=one_row(4) if inventory == "seats" else (),
                    plot=_plain(inventory, state, verbs),
                )


def _plain(inventory: str, state: str, verbs: tuple[str, ...]) -> Callable[[Cast], Plot]:
    """Return a plot in which each new hold needs admissions of the hold `h`."""
    first, other, wanted = (
        (seats(1, 2), seats(4), seats(2, 3))
        if inventory == "seats"
        else (quantity(2), quantity(1), quantity(2))
    )

    def plot(cast: Cast) -> Plot:
        def verb(name: str, actor: str) -> c.AnyCommand:
            match name:
                case "place":
                    return cast.place(f"of {actor}", wanted)
                case "confirm":
                    return cast.confirm("h", f"confirmed by {actor}")
                case "release":
                    return cast.release("h")
                case "cancel":
                    return cast.cancel(booking)
                case _:
                    return c.ReclaimLapsed(by="sweeper", limit=10)

        actors = dict(zip(ACTORS, verbs, strict=False))
        confirming = [actor for actor, name in actors.items() if name == "confirm"]
        booking = "sold before" if state == "booked" else f"confirmed by {(confirming or ['nobody'])[0]}"
        before: list[c.AnyCommand] = [cast.place("o", other), cast.place("h", first)]
        if state == "booked":
            before.append(cast.confirm("h", booking))
        return Plot(
            before=before,
            lapsed=[cast["h"]] if state == "lapsed" else [],
            batches={actor: [verb(name, actor)] for actor, name in actors.items()},
        )

    return plot


# -- random meetings ---------------------------------------------------------------------------------------------------


def random_scene(seed: int) -> Scene:
    """Return a small event, and two or three batches of any commands that clients can send."""
    random = Random(f"scene {seed}")
    hall = a_hall(random)
    return Scene(
        name=f"random {seed}",
        areas=dict(hall.areas),
        seats=hall.seats,
        rules=dict(hall.rules),
        plot=lambda cast: _random(Random(f"plot {seed}"), hall, cast),
    )


def _random(random: Random, hall: Any, cast: Cast) -> Plot:
    known = Known(cast.new_id)

    def some(minimum: int, maximum: int) -> list[c.AnyCommand]:
        found = [a_command(random, hall, known) for _ in range(random.randint(minimum, maximum))]
        return [command for command in found if getattr(command, "ttl_seconds", None) != 1]

    before = some(2, 6)
    placed = [command.hold_id for command in before if isinstance(command, c.PlaceHold)]
    lapsed = [id for id in placed if random.random() < 0.3]
    return Plot(
        before=before,
        lapsed=lapsed,
        batches={who: some(1, 3) or [c.ReclaimLapsed(limit=1)] for who in ACTORS[: random.choice([2, 2, 3])]},
    )
