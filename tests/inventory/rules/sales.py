"""Sales: small random events, and random commands on them, for comparisons of an engine with the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from uuid import UUID

from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec

TOKENS = (b"a" * 32, b"b" * 32)
BUYERS = (None, "ann", "bob")


@dataclass(frozen=True, kw_only=True)
class Hall:
    """The inventory of an event, and its rules."""

    areas: dict[str, int]
    seats: tuple[SeatSpec, ...]
    rules: dict[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> dict[str, str]:
        return {spec.label: spec.category for spec in self.seats}


def rows_of(widths: tuple[int, ...], categories: tuple[str, ...]) -> tuple[SeatSpec, ...]:
    return tuple(
        SeatSpec(f"A-{row}-{at}", "A", str(row), None, category)
        for row, (width, category) in enumerate(zip(widths, categories, strict=True), 1)
        for at in range(1, width + 1)
    )


SHAPES: tuple[tuple[dict[str, int], tuple[SeatSpec, ...]], ...] = (
    ({"floor": 6}, ()),
    ({"floor": 4, "stand": 3}, ()),
    ({}, rows_of((4, 3), ("gold", "blue"))),
    ({}, rows_of((5,), ("gold",))),
    ({"floor": 3}, rows_of((3, 2), ("gold", "blue"))),
)


def a_hall(random: Random) -> Hall:
    areas, seats = random.choice(SHAPES)
    rules = {
        "max_per_hold": random.choice([None, None, 4]),
        "max_per_buyer": random.choice([None, None, 5]),
        "allow_partial": random.random() < 0.3,
    }
    return Hall(areas=areas, seats=seats, rules=rules)


class Known:
    """What a client has learned so far: the ids that it may name."""

    def __init__(self, new_id: Any) -> None:
        self._new_id = new_id
        self.holds: list[UUID] = [new_id()]  # an id that nobody ever placed
        self.bookings: list[UUID] = [new_id()]
        self.blocks: list[UUID] = [new_id()]

    def _new(self, kept: list[UUID]) -> UUID:
        kept.append(self._new_id())
        return kept[-1]

    def new_hold(self) -> UUID:
        return self._new(self.holds)

    def new_booking(self) -> UUID:
        return self._new(self.bookings)

    def new_block(self) -> UUID:
        return self._new(self.blocks)


def a_line(random: Random, hall: Hall) -> c.Line:
    kind = random.choice(["quantity", "named", "best"]) if hall.seats else "quantity"
    quantity = random.randint(1, 5)
    if kind == "quantity":
        return c.QuantityLine(
            quantity=quantity, area=random.choice([None, *hall.areas, *hall.areas, "nowhere"])
        )
    if kind == "named":
        return c.SeatsLine(labels=some_labels(random, hall))
    category = random.choice([None, None, *dict.fromkeys(hall.labels.values())])
    return c.BestAvailableLine(quantity=quantity, category=category, together=random.random() < 0.5)


def some_lines(random: Random, hall: Hall) -> tuple[c.Line, ...]:
    """Return lines of which at most the last leaves the choice of seats to the engine: a refusal does not report
    the choice."""
    lines = [a_line(random, hall) for _ in range(random.choice([1, 1, 1, 2, 3]))]
    chooses = [
        isinstance(x, c.BestAvailableLine) or (isinstance(x, c.QuantityLine) and not hall.areas)
        for x in lines
    ]
    last = [line for line, its in zip(lines, chooses, strict=True) if its][:1]
    return (*(line for line, its in zip(lines, chooses, strict=True) if not its), *last)


def some_labels(random: Random, hall: Hall) -> tuple[str, ...]:
    labels = [*hall.labels, *hall.labels, "A-9-9"]
    return tuple(random.choice(labels) for _ in range(random.randint(1, 3)))


def a_command(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    """Return one command; most ids that it names are those learned last."""
    makers = [maker for maker, weight in _MAKERS.items() for _ in range(weight)]
    if not hall.seats:
        makers = [maker for maker in makers if maker not in (_block_seats, _block_more)]
    if not hall.areas:
        makers = [maker for maker in makers if maker not in (_block_area, _capacity)]
    return random.choice(makers)(random, hall, known)


def _recent(random: Random, ids: list[UUID]) -> UUID:
    return ids[-1 - min(int(random.expovariate(0.5)), len(ids) - 1)]


def _authority(random: Random) -> c.Authority:
    return random.choice([c.STAFF, c.STAFF, *(c.Authority(token_hash=token) for token in TOKENS)])


def _ttl(random: Random) -> int | None:
    return random.choice([None, 1, 60, 300, 1800])


def _place(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.PlaceHold(
        hold_id=known.new_hold(),
        lines=some_lines(random, hall),
        token_hash=random.choice(TOKENS),
        buyer=random.choice(BUYERS),
        ttl_seconds=_ttl(random),
        allow_partial=random.choice([None, None, True, False]),
    )


def _confirm(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    hold_id = _recent(random, known.holds)
    return c.ConfirmHold(hold_id=hold_id, booking_id=known.new_booking(), authority=_authority(random))


def _release(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.ReleaseHold(hold_id=_recent(random, known.holds), authority=_authority(random))


def _extend(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    hold_id = _recent(random, known.holds)
    return c.ExtendHold(hold_id=hold_id, authority=_authority(random), ttl_seconds=_ttl(random))


def _cancel(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.CancelBooking(booking_id=_recent(random, known.bookings), authority=c.STAFF)


def _cancel_part(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.CancelAdmissions(
        booking_id=_recent(random, known.bookings),
        authority=_authority(random),
        lines=_own_lines(random, hall, random.choice([1, 1, 2])),
    )


def _exchange(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    """Exchange mostly for as much as is returned, because another quantity is refused at once."""
    returns = _own_lines(random, hall, random.choice([0, 1, 1, 2]))
    lines = some_lines(random, hall)
    if len(lines) == 1 and not isinstance(lines[0], c.SeatsLine) and returns:
        returned = sum(len(x.labels) if isinstance(x, c.SeatsLine) else x.quantity for x in returns)
        lines = (replace(lines[0], quantity=returned),)
    return c.ExchangeAdmissions(
        booking_id=_recent(random, known.bookings),
        authority=_authority(random),
        lines=lines,
        returns=returns,
    )


def _own_lines(random: Random, hall: Hall, count: int) -> tuple[c.SeatsLine | c.QuantityLine, ...]:
    lines: list[c.SeatsLine | c.QuantityLine] = []
    for _ in range(count):
        if hall.seats and random.random() < 0.7:
            lines.append(c.SeatsLine(labels=tuple(random.choices([*hall.labels], k=random.randint(1, 2)))))
        else:
            area = random.choice([None, *hall.areas, *hall.areas, "nowhere"])
            lines.append(c.QuantityLine(quantity=random.randint(1, 3), area=area))
    return tuple(lines)


def _instant(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.BookInstantly(
        attempt_number=len(known.holds),
        hold_id=known.new_hold(),
        booking_id=known.new_booking(),
        quantity=random.randint(1, 5),
        buyer=random.choice(BUYERS),
    )


def _lift(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.LiftBlock(block_id=_recent(random, known.blocks))


def _block_area(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    area = random.choice([None, *hall.areas])
    return c.BlockAdmissions(block_id=known.new_block(), quantity=random.randint(1, 5), area=area)


def _block_seats(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    labels = tuple(dict.fromkeys(some_labels(random, hall)))
    return c.BlockAdmissions(block_id=known.new_block(), labels=labels)


def _block_more(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    block_id = _recent(random, known.blocks)
    labels = tuple(dict.fromkeys(some_labels(random, hall)))
    return c.BlockAdmissions(block_id=block_id, labels=labels, extends=True)


def _capacity(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.ChangeEvent(capacity=random.randint(0, 8))


def _rules(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return random.choice(
        [c.StopSales(), c.ResumeSales(), c.ResumeSales(), c.ChangeEvent(rules={"max_per_buyer": 3})]
    )


def _reclaim(random: Random, hall: Hall, known: Known) -> c.AnyCommand:
    return c.ReclaimLapsed(limit=random.randint(1, 3))


_MAKERS: dict[Callable[[Random, Hall, Known], c.AnyCommand], int] = {
    _place: 6,
    _confirm: 3,
    _release: 2,
    _extend: 2,
    _cancel: 2,
    _cancel_part: 3,
    _exchange: 4,
    _instant: 1,
    _lift: 1,
    _block_area: 1,
    _block_seats: 1,
    _block_more: 1,
    _capacity: 1,
    _rules: 1,
    _reclaim: 1,
}
