"""Event view: an event and its numbers, as the templates of the shop show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from holdfast.errors import EventNotOnSale, Refusal
from holdfast.inventory.rules.availability import Availability, Counts
from holdfast.inventory.rules.event import Event, EventStatus
from holdfast.presentation.records import Presentation
from holdfast.web.languages import gettext, ngettext
from holdfast.web.pages import in_zone
from holdfast.web.written import clock, short_time

__all__ = ["EventView", "SaleStatus", "view_of"]

_FEW = 20
"""Below this number a page says how few are left."""

_PATTERNS = ("rings", "beams", "waves", "tiles", "sun", "dots", "steps")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleStatus:
    """One sentence about the sale. `kind` is the sign before it: "", few, none, soon or stop."""

    kind: str
    says: str
    left: int | None = None
    of: int | None = None
    opens_in: int | None = None
    """Seconds until the sale begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    event: Event
    starts: datetime | None
    status: SaleStatus
    on_sale: bool
    hue: int
    pattern: str
    """The pattern of its poster, until it has a picture."""
    shown: Presentation


def view_of(
    event: Event,
    counts: Counts,
    now: datetime,
    *,
    returns_at: datetime | None = None,
    shown: Presentation | None = None,
) -> EventView:
    """Return what a page says of an event. `returns_at`: when the next held places may come back."""
    refusal = event.refuse_sale(now)
    return EventView(
        event=event,
        starts=None if event.starts_at is None else in_zone(event.starts_at, event.time_zone),
        status=_status(event, counts, now, refusal, returns_at),
        on_sale=refusal is None,
        hue=event.number % 8 + 1,
        pattern=_PATTERNS[event.number % len(_PATTERNS)],
        shown=shown or Presentation(event_number=event.number),
    )


def view_of_availability(known: Availability, shown: Presentation | None) -> EventView:
    return view_of(known.event, known.counts, known.as_of, returns_at=known.next_expiry, shown=shown)


def _status(
    event: Event, counts: Counts, now: datetime, refusal: Refusal | None, returns_at: datetime | None
) -> SaleStatus:
    if event.status is EventStatus.CANCELLED:
        return SaleStatus(kind="stop", says=gettext("Cancelled."))
    if event.sales_stopped:
        return SaleStatus(
            kind="none", says=gettext("Sales are paused by the organiser. Bookings stay valid.")
        )
    if isinstance(refusal, EventNotOnSale):
        return _not_on_sale(event, now)
    if counts.available:
        kind = "few" if counts.available <= _FEW else ""
        return SaleStatus(kind=kind, says=gettext("left"), left=counts.available, of=counts.capacity)
    if counts.held:
        return SaleStatus(kind="none", says=_may_come_back(event, counts.held, returns_at))
    return SaleStatus(kind="none", says=gettext("Sold out."))


def _may_come_back(event: Event, held: int, returns_at: datetime | None) -> str:
    if returns_at is None:
        return ngettext(
            "Sold out for now. %(count)s is in someone’s hands and may come back.",
            "Sold out for now. %(count)s are in other people’s hands and may come back.",
            held,
        )
    return ngettext(
        "Sold out for now. %(count)s is in someone’s hands and may come back from %(time)s on.",
        "Sold out for now. %(count)s are in other people’s hands and may come back from %(time)s on.",
        held,
        time=clock(in_zone(returns_at, event.time_zone)),
    )


def _not_on_sale(event: Event, now: datetime) -> SaleStatus:
    if event.on_sale_at is not None and now < event.on_sale_at:
        at = in_zone(event.on_sale_at, event.time_zone)
        wait = event.on_sale_at - now
        return SaleStatus(
            kind="soon",
            says=gettext("On sale %(time)s.", time=short_time(at)) + " " + _distance(wait),
            opens_in=ceil(wait.total_seconds()),
        )
    return SaleStatus(kind="none", says=gettext("The sale has ended."))


def _distance(wait: timedelta) -> str:
    minutes = max(1, round(wait.total_seconds() / 60))
    if minutes >= 1_440:
        return ngettext("That is in %(count)s day.", "That is in %(count)s days.", round(minutes / 1_440))
    if minutes >= 60:
        return ngettext("That is in %(count)s hour.", "That is in %(count)s hours.", round(minutes / 60))
    return ngettext("That is in %(count)s minute.", "That is in %(count)s minutes.", minutes)
