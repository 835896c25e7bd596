"""Check-in rules: what a door does with a scan. No input or output happens here, and no clock is read.

`web/static/decide.js` has the same rules for a door without a network. `tests/door/vectors.json` decides for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = [
    "Direction",
    "DoorDecision",
    "DoorRules",
    "EntryList",
    "Movement",
    "ReEntry",
    "Scan",
    "ScanVerdict",
    "ScannedTicket",
    "Why",
    "decide_check_in",
]


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class ReEntry(StrEnum):
    """Whether a person who has left may come in again."""

    NEVER = "never"
    AFTER_EXIT = "after_exit"
    ALWAYS = "always"


class ScanVerdict(StrEnum):
    """What a door does with a scan. The first two are movements; all others let nobody pass."""

    ADMITTED = "admitted"
    LEFT = "left"
    AGAIN = "again"
    DUPLICATE = "duplicate"
    NOT_IN = "not_in"
    NOT_ON_LIST = "not_on_list"
    VOID = "void"
    WRONG_EVENT = "wrong_event"
    UNKNOWN = "unknown"
    REFUSED = "refused"


MOVEMENTS = frozenset({ScanVerdict.ADMITTED, ScanVerdict.LEFT})


class Why(StrEnum):
    """Why a scan lets nobody pass."""

    NOT_OURS = "not_ours"
    OTHER_EVENT = "other_event"
    BOOKING_CANCELLED = "booking_cancelled"
    EVENT_CANCELLED = "event_cancelled"
    RETURNED = "returned"
    REISSUED = "reissued"
    LIST_UNKNOWN = "list_unknown"
    OTHER_ADMISSION = "other_admission"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    ALREADY_IN = "already_in"
    NO_RE_ENTRY = "no_re_entry"
    NEVER_IN = "never_in"
    BY_DEVICE = "by_device"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryList:
    """Who may enter by a list, and when. Without areas and categories, every ticket of the event may."""

    name: str
    areas: Sequence[str] = ()
    categories: Sequence[str] = ()
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules:
    """The rules of an event's doors. Each list counts its own entries."""

    re_entry: ReEntry = ReEntry.AFTER_EXIT
    lists: Sequence[EntryList] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One code at a door. `shown`: the door had no network and let the person pass. `refused`: it let nobody pass."""

    direction: Direction
    at: datetime
    list: str | None = None
    shown: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedTicket:
    """What a door knows of a code. `why` is given for one that lets nobody in."""

    why: Why | None = None
    area: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """When and where a ticket has passed a door."""

    direction: Direction
    at: datetime
    gate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorDecision:
    """What a door does. `earlier`: the movement that speaks against the scan."""

    verdict: ScanVerdict
    why: Why | None = None
    earlier: Movement | None = None


_REFUSED: Mapping[Why, ScanVerdict] = {
    Why.NOT_OURS: ScanVerdict.UNKNOWN,
    Why.OTHER_EVENT: ScanVerdict.WRONG_EVENT,
}


def decide_check_in(
    scan: Scan, ticket: ScannedTicket, rules: DoorRules, last: Movement | None
) -> DoorDecision:
    """Return what the door does. `last`: the ticket's last movement on the list of the scan."""
    decision = _decide(scan, ticket, rules, last)
    if scan.refused and decision.verdict in MOVEMENTS:
        # The door knew less than the log does. Nobody has passed, so it is no movement.
        return DoorDecision(verdict=ScanVerdict.REFUSED, why=Why.BY_DEVICE, earlier=last)
    return decision


def _decide(scan: Scan, ticket: ScannedTicket, rules: DoorRules, last: Movement | None) -> DoorDecision:
    if ticket.why is not None and ticket.why in _REFUSED:
        return DoorDecision(verdict=_REFUSED[ticket.why], why=ticket.why)
    is_in = last is not None and last.direction is Direction.IN
    if scan.direction is Direction.OUT:
        # A ticket may become void while its bearer is inside, who leaves all the same.
        if is_in:
            return DoorDecision(verdict=ScanVerdict.LEFT)
        return DoorDecision(verdict=ScanVerdict.NOT_IN, why=Why.NEVER_IN, earlier=last)
    if ticket.why is not None:
        return DoorDecision(verdict=ScanVerdict.VOID, why=ticket.why)
    why = _not_on_list(scan, ticket, rules)
    if why is not None:
        return DoorDecision(verdict=ScanVerdict.NOT_ON_LIST, why=why)
    if last is None or rules.re_entry is ReEntry.ALWAYS:
        return DoorDecision(verdict=ScanVerdict.ADMITTED)
    if is_in:
        # Two doors without a network have let one ticket pass. Both scans are kept.
        verdict = ScanVerdict.DUPLICATE if scan.shown else ScanVerdict.AGAIN
        return DoorDecision(verdict=verdict, why=Why.ALREADY_IN, earlier=last)
    if rules.re_entry is ReEntry.NEVER:
        return DoorDecision(verdict=ScanVerdict.AGAIN, why=Why.NO_RE_ENTRY, earlier=last)
    return DoorDecision(verdict=ScanVerdict.ADMITTED)


def _not_on_list(scan: Scan, ticket: ScannedTicket, rules: DoorRules) -> Why | None:
    if scan.list is None:
        return None
    found = next((each for each in rules.lists if each.name == scan.list), None)
    if found is None:
        return Why.LIST_UNKNOWN
    names = (*found.areas, *found.categories)
    if names and ticket.area not in found.areas and ticket.category not in found.categories:
        return Why.OTHER_ADMISSION
    if found.opens_at is not None and scan.at < found.opens_at:
        return Why.TOO_EARLY
    if found.closes_at is not None and scan.at >= found.closes_at:
        return Why.TOO_LATE
    return None
