"""State of an event, in one or two words for the organiser."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from holdfast.inventory.rules.event import Event, EventStatus
from holdfast.web.languages import gettext

__all__ = ["ShownState", "state_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownState:
    """`tone` is how the tag looks: "", good, warn, bad or info."""

    says: str
    tone: str = ""


def state_of(event: Event, now: datetime) -> ShownState:
    """Return what the event is doing now."""
    if event.status is EventStatus.CANCELLED:
        return ShownState(says=gettext("Cancelled"), tone="bad")
    if event.status is EventStatus.DRAFT:
        return ShownState(says=gettext("Draft"))
    if event.sales_stopped:
        return ShownState(says=gettext("Sales paused"), tone="warn")
    if event.on_sale_at is not None and now < event.on_sale_at:
        return ShownState(says=gettext("Not yet on sale"), tone="info")
    if event.off_sale_at is not None and now >= event.off_sale_at:
        return ShownState(says=gettext("Sale ended"))
    return ShownState(says=gettext("On sale"), tone="good")
