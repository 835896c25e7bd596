"""Availability: the numbers `capacity, available, held, booked, blocked` of an event and of its parts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from holdfast.inventory.rules.event import Area, AreaState, Event, EventStatus
from holdfast.value import value_class


@value_class(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of admissions. capacity = available + held + booked + blocked; a cancelled event has available 0.

    What a closed area has left counts as blocked, because the organiser took it off sale.
    """

    capacity: int
    available: int
    held: int
    booked: int
    blocked: int


@value_class(frozen=True, slots=True, kw_only=True)
class AreaAvailability:
    """The numbers of one counted area, or of one category of seats."""

    name: str
    category: str | None
    seated: bool
    counts: Counts


@value_class(frozen=True, slots=True, kw_only=True)
class Availability:
    """Exact at `as_of`. The state is (version, lapsed), within the history that `epoch` names.

    It stays valid until `next_expiry` unless a batch commits.
    """

    event: Event
    epoch: str
    version: int
    lapsed: int
    as_of: datetime
    next_expiry: datetime | None
    counts: Counts
    areas: tuple[AreaAvailability, ...]

    @property
    def bookmark(self) -> str:
        """Where a reader of this state stands in the event's history."""
        return f"{self.epoch}.{self.version}"

    def by_category(self) -> dict[str, Counts]:
        """Return the sum of each category's seats and areas, in the event's order."""
        found: dict[str, list[Counts]] = {}
        for area in self.areas:
            if area.category is not None:
                found.setdefault(area.category, []).append(area.counts)
        return {category: add_up(counts) for category, counts in found.items()}


def availability_of(
    event: Event,
    areas: Iterable[Area],
    *,
    epoch: str,
    version: int,
    lapsed: int,
    lapsed_by_area: dict[int, int],
    as_of: datetime,
    next_expiry: datetime | None,
) -> Availability:
    cancelled = event.status is EventStatus.CANCELLED
    parts = []
    for area in areas:
        if area.state is AreaState.REMOVED:
            continue
        held = area.held - lapsed_by_area.get(area.number, 0)
        left = area.capacity - held - area.booked - area.blocked
        withheld = left if area.state is AreaState.CLOSED else 0
        counts = Counts(
            capacity=area.capacity,
            available=0 if cancelled else left - withheld,
            held=0 if cancelled else held,
            booked=area.booked,
            blocked=area.blocked + withheld,
        )
        parts.append(
            AreaAvailability(name=area.name, category=area.category, seated=area.seated, counts=counts)
        )
    return Availability(
        event=event,
        epoch=epoch,
        version=version,
        lapsed=0 if cancelled else lapsed,
        as_of=as_of,
        next_expiry=None if cancelled else next_expiry,
        counts=add_up([part.counts for part in parts]),
        areas=tuple(parts),
    )


def add_up(counts: Iterable[Counts]) -> Counts:
    all_counts = list(counts)
    if len(all_counts) == 1:
        return all_counts[0]
    return Counts(
        capacity=sum([each.capacity for each in all_counts]),
        available=sum([each.available for each in all_counts]),
        held=sum([each.held for each in all_counts]),
        booked=sum([each.booked for each in all_counts]),
        blocked=sum([each.blocked for each in all_counts]),
    )
