"""Sales plot: the steps of a sale, as a sentence, a table, and the points of a plot that a script draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.sales_figures import SalesFigures, SalesSpan, SalesStep
from holdfast.web.languages import gettext, ngettext
from holdfast.web.pages import in_zone
from holdfast.web.written import clock, number, short_time

__all__ = ["SalesView", "sales_view", "span_of"]

_MAX_LINES = 60
"""Lines of the table: the newest steps in which something happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanChoice:
    """A span that may be shown, as a link."""

    span: str
    label: str
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """A step, as the table shows it."""

    time: str
    holds: int
    bookings: int
    admissions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnd:
    """What became of a number of holds."""

    says: str
    holds: int
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedShare:
    """How often something was refused for one reason."""

    says: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesView:
    """What the overview says of a sale. `points` is what the script draws."""

    spans: list[SpanChoice]
    says: str
    lines: list[StepLine]
    ends: list[HoldEnd]
    holds: int
    ends_say: str
    refusals: list[RefusedShare]
    refused: int
    points: dict[str, Any]


def span_of(text: object) -> SalesSpan:
    """Return the span that an address names; an hour for anything else."""
    return next((span for span in SalesSpan if span == text), SalesSpan.HOUR)


def sales_view(event: FullEvent, figures: SalesFigures, span: SalesSpan) -> SalesView:
    """Return the figures in words and numbers of the visitor's language, in the time of the venue."""

    def written(at: datetime) -> str:
        local = in_zone(at, event.time_zone)
        return clock(local) if span is SalesSpan.HOUR else short_time(local)

    busy = [step for step in figures.steps if step.holds or step.bookings]
    return SalesView(
        spans=[SpanChoice(span=each, label=_LABELS[each](), is_shown=each is span) for each in SalesSpan],
        says=_says(figures, span, written),
        lines=[
            StepLine(
                time=written(step.at), holds=step.holds, bookings=step.bookings, admissions=step.admissions
            )
            for step in busy[: -_MAX_LINES - 1 : -1]
        ],
        ends=[
            HoldEnd(says=gettext("Became a booking"), holds=figures.booked, tone=""),
            HoldEnd(says=gettext("Ran out"), holds=figures.expired, tone="neutral"),
            HoldEnd(says=gettext("Given back"), holds=figures.released, tone="neutral"),
        ],
        holds=max(figures.holds, figures.booked, figures.expired, figures.released),
        ends_say=_ends_say(figures),
        refusals=_refusals(figures),
        refused=sum(figures.refusals.values()),
        points={
            "zone": event.time_zone or "UTC",
            "step": figures.step // timedelta(seconds=1),
            "at": [int(step.at.timestamp()) for step in figures.steps],
            "admissions": [step.admissions for step in figures.steps],
            "holds": [step.holds for step in figures.steps],
        },
    )


_LABELS: dict[SalesSpan, Callable[[], str]] = {
    SalesSpan.HOUR: lambda: gettext("1 hour"),
    SalesSpan.DAY: lambda: gettext("1 day"),
    SalesSpan.MONTH: lambda: gettext("30 days"),
}


def _says(figures: SalesFigures, span: SalesSpan, written: Callable[[datetime], str]) -> str:
    sold = sum(step.admissions for step in figures.steps)
    if not sold:
        return _NOTHING[span]()
    best: SalesStep = max(figures.steps, key=lambda step: step.admissions)
    total, most, time = number(sold), number(best.admissions), written(best.at)
    if span is SalesSpan.HOUR:
        return ngettext(
            "%(count)s sold in the last hour. The best minute was %(time)s, with %(most)s.",
            "%(count)s sold in the last hour. The best minute was %(time)s, with %(most)s.",
            sold,
            count=total,
            time=time,
            most=most,
        )
    if span is SalesSpan.DAY:
        return ngettext(
            "%(count)s sold in the last day. The best 15 minutes began at %(time)s, with %(most)s.",
            "%(count)s sold in the last day. The best 15 minutes began at %(time)s, with %(most)s.",
            sold,
            count=total,
            time=time,
            most=most,
        )
    return ngettext(
        "%(count)s sold in the last 30 days. The best 6 hours began at %(time)s, with %(most)s.",
        "%(count)s sold in the last 30 days. The best 6 hours began at %(time)s, with %(most)s.",
        sold,
        count=total,
        time=time,
        most=most,
    )


_NOTHING: dict[SalesSpan, Callable[[], str]] = {
    SalesSpan.HOUR: lambda: gettext("Nothing was sold in the last hour."),
    SalesSpan.DAY: lambda: gettext("Nothing was sold in the last day."),
    SalesSpan.MONTH: lambda: gettext("Nothing was sold in the last 30 days."),
}


_REASONS: dict[str, Callable[[], str]] = {
    "seat_taken": lambda: gettext("Seat already taken"),
    "seat_blocked": lambda: gettext("Seat off sale"),
    "sold_out": lambda: gettext("Not enough left"),
    "not_together": lambda: gettext("Not enough together"),
    "quantity_over_limit": lambda: gettext("Too many asked for"),
    "event_not_on_sale": lambda: gettext("Not on sale"),
    "sales_stopped": lambda: gettext("Sales were paused"),
    "hold_expired": lambda: gettext("Hold had run out"),
}


def _refusals(figures: SalesFigures) -> list[RefusedShare]:
    """Return the reasons that people know, the most frequent first, and all others together."""
    found = [
        RefusedShare(says=_REASONS[code](), count=count)
        for code, count in figures.refusals.items()
        if code in _REASONS
    ]
    others = sum(figures.refusals.values()) - sum(each.count for each in found)
    return [*found, RefusedShare(says=gettext("Another reason"), count=others)] if others else found


def _ends_say(figures: SalesFigures) -> str:
    ended = figures.booked + figures.released + figures.expired
    if not ended:
        return gettext("No hold has ended in this time.")
    share = round(100 * figures.booked / ended)
    return ngettext(
        "Of 100 holds, %(count)s becomes a booking.", "Of 100 holds, %(count)s become a booking.", share
    )
