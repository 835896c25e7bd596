"""Scenes: what two or three engines do at the same moment with the same admissions.

The plain ones are all pairs and triples of the five verbs of a sale, on seats and on a counted area, for a hold that is
live, lapsed or booked. The special ones are the meetings that have cost others money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from random import Random
from typing import Any
from uuid import UUID

from holdfast.domain import commands as c
from holdfast.domain.seat_map import SeatSpec
from interleavings.keys import a_key
from unit.sales import Known, a_command, a_hall, rows_of

ACTORS = ("a", "b", "c")


class Cast:
    """Ids by name: the same name is the same hold, booking or block."""

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
    """`before` happens first, one after the other; then the holds named in `lapsed` lapse; then the batches meet."""

    before: Sequence[c.Command] = ()
    lapsed: Sequence[UUID] = ()
    batches: dict[str, Sequence[c.Command]]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One event, and what meets in it."""

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


def plain_scenes(most: int) -> Iterator[Scene]:
    """Every multiset of so many verbs, of the admissions of one hold in each state."""
    for inventory in ("seats", "counted"):
        for state in STATES:
            for verbs in combinations_with_replacement(VERBS, most):
                yield Scene(
                    name=f"{inventory}, {state}: {' + '.join(verbs)}",
                    areas={"floor": 4} if inventory == "counted" else {},
                    seats=one_row(4) if inventory == "seats" else (),
                    plot=_plain(inventory, state, verbs),
                )


def _plain(inventory: str, state: str, verbs: tuple[str, ...]) -> Callable[[Cast], Plot]:
    """Whoever places needs what the hold `h` has."""
    first, other, wanted = (
        (seats(1, 2), seats(4), seats(2, 3))
        if inventory == "seats"
        else (quantity(2), quantity(1), quantity(2))
    )

    def plot(cast: Cast) -> Plot:
        def verb(name: str, actor: str) -> c.Command:
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
        before: list[c.Command] = [cast.place("o", other), cast.place("h", first)]
        if state == "booked":
            before.append(cast.confirm("h", booking))
        return Plot(
            before=before,
            lapsed=[cast["h"]] if state == "lapsed" else [],
            batches={actor: [verb(name, actor)] for actor, name in actors.items()},
        )

    return plot


# -- special meetings --------------------------------------------------------------------------------------------------


def special_scenes() -> Iterator[Scene]:
    row = {"seats": one_row(6)}
    floor = {"areas": {"floor": 4}}
    for name, setting, plot in (
        ("one key in two processes", floor, _one_key),
        ("one key, two bodies", floor, _two_bodies),
        ("one key confirms twice while it is released", row, _one_key_confirms),
        ("a sweep and the extension of a live hold", floor, _sweep_and_extend),
        ("a sweep and the last that is left", row, _sweep_and_place),
        ("two sweeps and a sale", floor, _two_sweeps),
        ("the event is cancelled and a hold confirmed", row, _cancel_event),
        ("the cancelled event is swept and a hold released", floor, _sweep_cancelled),
        ("a block and a hold", row, _block_and_place),
        ("a counted block, a hold and its lifting", floor, _block_and_lift),
        ("best available in two mirrors", row, _two_mirrors),
        ("best available where something is given back", row, _best_and_release),
        ("fewer are sold while they sell", floor, _smaller),
        ("sales stop while they sell", floor, _stop),
        ("a buyer's limit in two windows", {"areas": {"floor": 9}, "rules": {"max_per_buyer": 3}}, _limit),
        ("three instant bookings of what is enough for two", floor, _instant),
        ("batches of many, with refusals among them", {"areas": {"floor": 5}, "seats": one_row(5)}, _many),
        ("seats taken crosswise", row, _crosswise),
    ):
        yield Scene(name=name, plot=plot, **setting)


def _one_key(cast: Cast) -> Plot:
    """The same request, sent again while the first is under way: each process makes ids of its own for it."""
    return Plot(
        batches={who: [cast.place(f"of {who}", quantity(3), key=a_key("k", "three"))] for who in ACTORS[:2]}
    )


def _two_bodies(cast: Cast) -> Plot:
    return Plot(
        batches={
            "a": [cast.place("x", quantity(3), key=a_key("k", "three"))],
            "b": [cast.place("y", quantity(2), key=a_key("k", "two"))],
            "c": [cast.place("z", quantity(2))],
        }
    )


def _one_key_confirms(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1, 2))],
        batches={
            "a": [cast.confirm("h", "one", key=a_key("k", "h"))],
            "b": [cast.confirm("h", "two", key=a_key("k", "h"))],
            "c": [cast.release("h")],
        },
    )


def _sweep_and_extend(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(2)), cast.place("dead", quantity(1))],
        lapsed=[cast["dead"]],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=1)],
            "b": [cast.extend("h", ttl_seconds=600), cast.extend("dead", ttl_seconds=600)],
            "c": [cast.place("x", quantity(2))],
        },
    )


def _sweep_and_place(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("dead", seats(1, 2)), cast.place("h", seats(3, 4, 5, 6))],
        lapsed=[cast["dead"]],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=10)],
            "b": [cast.place("x", seats(1, 2))],
            "c": [cast.place("y", seats(2)), cast.confirm("dead")],
        },
    )


def _two_sweeps(cast: Cast) -> Plot:
    dead = [f"dead {at}" for at in range(3)]
    return Plot(
        before=[cast.place(name, quantity(1)) for name in dead],
        lapsed=[cast[name] for name in dead],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=2)],
            "b": [c.ReclaimLapsed(by="sweeper", limit=2)],
            "c": [cast.place("x", quantity(3)), cast.release(dead[2])],
        },
    )


def _cancel_event(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1)), cast.place("sold", seats(2)), cast.confirm("sold")],
        batches={
            "a": [c.CancelEvent()],
            "b": [cast.confirm("h"), cast.place("x", seats(3))],
            "c": [cast.cancel("booking of sold"), cast.extend("h")],
        },
    )


def _sweep_cancelled(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(1)), cast.place("i", quantity(1)), c.CancelEvent()],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=10)],
            "b": [cast.release("h"), cast.confirm("i")],
            "c": [c.ReclaimLapsed(by="sweeper", limit=1)],
        },
    )


def _block_and_place(cast: Cast) -> Plot:
    return Plot(
        batches={
            "a": [cast.block("kept", labels=("A-1-2", "A-1-3"))],
            "b": [cast.place("x", seats(3, 4))],
            "c": [cast.place("y", best(4))],
        }
    )


def _block_and_lift(cast: Cast) -> Plot:
    return Plot(
        before=[cast.block("kept", quantity=3)],
        batches={
            "a": [c.LiftBlock(block_id=cast["kept"])],
            "b": [cast.place("x", quantity(2))],
            "c": [cast.block("more", quantity=2)],
        },
    )


def _two_mirrors(cast: Cast) -> Plot:
    """Whoever comes second must see what the first took, though its own mirror has never heard of it."""
    return Plot(
        batches={
            "a": [cast.place("x", best(4))],
            "b": [cast.place("y", best(3))],
            "c": [cast.place("z", best(2))],
        }
    )


def _best_and_release(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1, 2, 3)), cast.place("i", seats(5))],
        batches={
            "a": [cast.release("h")],
            "b": [cast.place("x", best(4, together=False))],
            "c": [cast.place("y", best(2)), cast.confirm("i")],
        },
    )


def _smaller(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(1))],
        batches={
            "a": [c.ChangeEvent(capacity=2)],
            "b": [cast.place("x", quantity(2))],
            "c": [cast.release("h")],
        },
    )


def _stop(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(1))],
        batches={
            "a": [c.StopSales()],
            "b": [cast.place("x", quantity(1)), cast.extend("h", ttl_seconds=600), cast.confirm("h")],
            "c": [c.ResumeSales()],
        },
    )


def _limit(cast: Cast) -> Plot:
    return Plot(
        batches={
            "a": [cast.place("x", quantity(2), buyer="ann")],
            "b": [cast.place("y", quantity(2), buyer="ann")],
            "c": [cast.place("z", quantity(1), buyer="ann"), cast.release("x")],
        }
    )


def _instant(cast: Cast) -> Plot:
    return Plot(batches={who: [cast.instant(f"of {who}", at, 2)] for at, who in enumerate(ACTORS, 1)})


def _many(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1), quantity(2, "floor"))],
        batches={
            "a": [cast.place("x", seats(2, 3)), cast.place("y", seats(3, 4)), cast.confirm("h")],
            "b": [cast.release("h"), cast.place("z", seats(1, 2)), cast.place("w", quantity(4, "floor"))],
            "c": [cast.cancel("booking of h"), cast.place("v", seats(5), quantity(1, "floor"))],
        },
    )


def _crosswise(cast: Cast) -> Plot:
    """Two that lock seat by seat would wait for each other for ever."""
    return Plot(
        batches={
            "a": [cast.place("x", seats(1, 2, 3))],
            "b": [cast.place("y", seats(3, 4, 1))],
            "c": [cast.place("z", seats(4, 5)), cast.place("w", seats(5, 6))],
        }
    )


# -- random meetings ---------------------------------------------------------------------------------------------------


def random_scene(seed: int) -> Scene:
    """A small event and two or three batches of whatever clients may ask."""
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

    def some(least: int, most: int) -> list[c.Command]:
        found = [a_command(random, hall, known) for _ in range(random.randint(least, most))]
        return [command for command in found if getattr(command, "ttl_seconds", None) != 1]

    before = some(2, 6)
    placed = [command.hold_id for command in before if isinstance(command, c.PlaceHold)]
    lapsed = [id for id in placed if random.random() < 0.3]
    return Plot(
        before=before,
        lapsed=lapsed,
        batches={who: some(1, 3) or [c.ReclaimLapsed(limit=1)] for who in ACTORS[: random.choice([2, 2, 3])]},
    )
