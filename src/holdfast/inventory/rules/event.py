"""Events: one dated occurrence with its own inventory, rules and sales window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from holdfast import errors
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.rules.sale_rules import DEFAULT_RULES, MAX_ADMISSIONS, SaleRules

MAX_CAPACITY = MAX_ADMISSIONS
MAX_AREAS = 1_000
MAX_LINES_PER_HOLD = 50
MAX_QUANTITY_PER_HOLD = 1_000_000
MAX_CLAIMS_PER_BATCH = 2_000
"""Max claims that a batch touches. Larger commands run in steps."""
MAX_SEATS_PER_HOLD = 500


class EventStatus(StrEnum):
    DRAFT = "draft"  # -> published | cancelled
    PUBLISHED = "published"  # -> cancelled
    CANCELLED = "cancelled"  # end


MOVES = {
    EventStatus.DRAFT: (EventStatus.PUBLISHED, EventStatus.CANCELLED),
    EventStatus.PUBLISHED: (EventStatus.CANCELLED,),
    EventStatus.CANCELLED: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A row of the catalogue with the rules of sale. Times are aware; `None` means no bound."""

    number: int
    id: UUID
    name: str
    status: EventStatus
    created_at: datetime
    venue: str | None = None
    time_zone: str | None = None
    starts_at: datetime | None = None
    on_sale_at: datetime | None = None
    off_sale_at: datetime | None = None
    sales_stopped: bool = False
    rules: SaleRules = DEFAULT_RULES
    metadata: Metadata | None = None
    map_version: int = 0
    """0: no numbered seats; otherwise the version of the seat map, which counts its creation and extensions."""
    organisation: int = 1
    """The number of the organisation that sells it. It never changes."""

    def refuse_sale(self, now: datetime) -> errors.Refusal | None:
        """Return why nothing can be held at `now`, or None. The most specific reason comes first."""
        if self.status is EventStatus.CANCELLED:
            return errors.EventCancelled()
        if self.status is EventStatus.DRAFT:
            return self._not_on_sale("draft", errors.EventNotOnSale.DRAFT)
        if self.sales_stopped:
            return errors.SalesStopped()
        if self.on_sale_at is not None and now < self.on_sale_at:
            return self._not_on_sale(
                "not_yet", errors.EventNotOnSale.NOT_YET.format(on_sale_at=_time(self.on_sale_at))
            )
        if self.off_sale_at is not None and now >= self.off_sale_at:
            return self._not_on_sale(
                "ended", errors.EventNotOnSale.ENDED.format(off_sale_at=_time(self.off_sale_at))
            )
        return None

    def _not_on_sale(self, reason: str, detail: str) -> errors.EventNotOnSale:
        return errors.EventNotOnSale(
            detail, reason=reason, on_sale_at=self.on_sale_at, off_sale_at=self.off_sale_at
        )


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def sale_ends_first(on_sale_at: datetime | None, off_sale_at: datetime | None) -> bool:
    """Whether the sale would end before it begins."""
    return on_sale_at is not None and off_sale_at is not None and off_sale_at <= on_sale_at


class AreaState(StrEnum):
    OPEN = "open"  # -> closed | removed
    CLOSED = "closed"  # -> open | removed; sells nothing, and keeps what is taken
    REMOVED = "removed"  # end: nobody has anything of it, and only old holds still show its name


@dataclass(slots=True, kw_only=True)
class Area:
    """Counters of one counted area, or of the seats of one category. `number` is unique within the event."""

    number: int
    name: str
    category: str | None
    seated: bool
    capacity: int
    held: int = 0
    booked: int = 0
    blocked: int = 0
    state: AreaState = AreaState.OPEN

    @property
    def free(self) -> int:
        """Admissions that nobody has. Lapsed holds count as taken until they are reclaimed."""
        return self.capacity - self.held - self.booked - self.blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class FullEvent(Event):
    """An event with its areas at one moment, as its organiser sees it."""

    areas: tuple[Area, ...] = ()

    @property
    def capacity(self) -> int:
        return sum(area.capacity for area in self.areas)


def in_full(event: Event, areas: Iterable[Area]) -> FullEvent:
    """Return the event with a copy of its areas, because a batch goes on changing them."""
    values = {field.name: getattr(event, field.name) for field in fields(Event)}
    return FullEvent(**values, areas=tuple(replace(area) for area in sorted(areas, key=_by_number)))


def category_ids(areas: Iterable[Area]) -> dict[str, int]:
    """Return the id of each category, in the event's order: the number of its seats' area, else of its first area."""
    ids: dict[str, int] = {}
    for area in sorted(areas, key=_by_number):
        if area.category is not None and (area.seated or area.category not in ids):
            ids[area.category] = area.number
    return ids


def _by_number(area: Area) -> int:
    return area.number
