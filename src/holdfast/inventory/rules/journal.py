"""Journal: what a batch did to an event, as one small JSON object for each change.

`change` names the kind of an entry, and mypy narrows the union on it. The same entries feed the stream,
`since`, other processes' occupancies and read models, notices, the audit and reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Literal, NotRequired, TypedDict, final


class _Act(TypedDict):
    by: str


class Moved(TypedDict):
    """Admissions that moved. Numbered seats are also counted in their own area."""

    areas: dict[str, int]
    """Area number -> quantity."""
    seats: NotRequired[list[int]]


@final
class Held(_Act, Moved):
    change: Literal["held"]
    hold: str
    until: str
    requested: int
    buyer: NotRequired[str]


@final
class Booked(_Act, Moved):
    """`instant`: hold and booking were made in one step. Only then the entry names the buyer."""

    change: Literal["booked"]
    hold: str
    booking: str
    buyer: NotRequired[str]
    instant: NotRequired[bool]


@final
class Extended(_Act):
    change: Literal["extended"]
    hold: str
    until: str


@final
class Released(_Act, Moved):
    change: Literal["released"]
    hold: str


@final
class Expired(Moved):
    """The rows of a lapsed hold were rewritten; nobody acted."""

    change: Literal["expired"]
    hold: str
    until: str


@final
class Cancelled(_Act, Moved):
    change: Literal["cancelled"]
    hold: str
    booking: str


@final
class Reduced(_Act, Moved):
    """A booking returned a part of its admissions, and keeps the rest."""

    change: Literal["reduced"]
    hold: str
    booking: str


@final
class Exchanged(_Act, Moved):
    """A booking returned admissions and took as many others, in one step. `areas` and `seats` are what it returned."""

    change: Literal["exchanged"]
    hold: str
    booking: str
    new_areas: dict[str, int]
    new_seats: NotRequired[list[int]]
    buyer: NotRequired[str]


@final
class Transferred(_Act):
    """A booking went to another person. Nothing moved, and the entry names nobody but who did it."""

    change: Literal["transferred"]
    hold: str
    booking: str


@final
class Blocked(_Act, Moved):
    """One step of a block. A large block has several steps, each with its own entry."""

    change: Literal["blocked"]
    block: str
    reason: NotRequired[str]


@final
class Lifted(_Act, Moved):
    change: Literal["lifted"]
    block: str


@final
class Resized(_Act):
    """`opened` is version 0."""

    change: Literal["opened", "capacity"]
    areas: dict[str, int]
    """Area number -> new capacity."""


@final
class SeatsAdded(_Act):
    change: Literal["seats_added"]
    map_version: int
    """A new version of the map. With `count` 0 only a category has another name."""
    count: int
    areas: dict[str, int]
    """Area number -> new capacity."""


@final
class AreaChanged(_Act):
    """An area has another name, category or state. A `capacity` entry of the same version names the area, too."""

    change: Literal["area"]
    area: int
    fields: dict[str, str | None]
    was: dict[str, str | None]


FieldValue = str | int | bool | None
"""A value of an event's column as JSON; times are ISO 8601."""


@final
class Changed(_Act):
    change: Literal["changed"]
    fields: dict[str, FieldValue]


Step = Literal["published", "event_cancelled", "stopped", "resumed"]


@final
class Stepped(_Act):
    """A step in the event's life."""

    change: Step


Move = Held | Booked | Released | Expired | Cancelled | Reduced | Exchanged | Blocked | Lifted
"""Entries that move admissions."""

Entry = Move | Transferred | Extended | Resized | SeatsAdded | AreaChanged | Changed | Stepped

STRUCTURAL = frozenset(
    {
        "opened",
        "capacity",
        "area",
        "seats_added",
        "changed",
        "published",
        "event_cancelled",
        "stopped",
        "resumed",
    }
)
"""Entries that change the rules or the inventory itself. The journal marks their rows, so that a query finds
them fast."""


_change_of: Callable[[Entry], str] = itemgetter("change")


def is_structural(entries: Iterable[Entry]) -> bool:
    """Return whether a version's entries change the rules or the inventory itself."""
    return not STRUCTURAL.isdisjoint(map(_change_of, entries))


def areas_of(moved: Moved) -> dict[int, int]:
    """Return the quantities that moved, by area number."""
    return {int(area): quantity for area, quantity in moved["areas"].items()}


def new_areas_of(entry: Exchanged) -> dict[int, int]:
    """Return the quantities that an exchange took, by area number."""
    return {int(area): quantity for area, quantity in entry["new_areas"].items()}
