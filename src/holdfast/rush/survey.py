"""Survey: reads the event before a rush, and refuses a rush that could not sell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.rush.plan import CannotRush, Plan, Wish
from holdfast_client import AsyncClient, HoldfastError, errors
from holdfast_client.models import Availability, Event, MapSeat, SeatMap

__all__ = ["Survey", "look_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The event before the rush."""

    event: Event
    before: Availability
    rows: list[list[str]]
    """Neighbouring seats, from the front. Empty if buyers do not choose seats."""

    def to_report(self) -> dict[str, Any]:
        """Return the event for the report."""
        event = self.event
        rules = ("max_per_hold", "max_per_buyer", "hold_ttl_seconds", "max_hold_ttl_seconds", "allow_partial")
        return {
            "number": event.number,
            "id": str(event.id),
            "name": event.name,
            "rehearsal": event.rehearsal,
            "capacity": self.before.capacity,
            **{name: getattr(event, name) for name in rules},
            "before": counts_of(self.before),
        }


def counts_of(availability: Availability) -> dict[str, int]:
    return {name: getattr(availability, name) for name in ("available", "held", "booked", "blocked")}


async def look_at(client: AsyncClient, plan: Plan) -> Survey:
    """Return the event as it is now. Raises CannotRush."""
    try:
        health = await client.get_health()
        if health.status not in ("ok", "ready"):
            raise CannotRush(f"The server at {plan.url} is not ready: its status is {health.status}.")
        event = await client.get_event(plan.event)
        before = await client.get_availability(event)
        await _try_to_sell(client, event)
        seat_map = await client.get_seat_map(event) if plan.wish is Wish.SEATS else None
    except errors.Unreachable as error:
        raise CannotRush(error.detail) from None
    except errors.EventNotFound:
        raise CannotRush(
            f"The server has no event {plan.event} on sale. `holdfast event list` shows its events."
        ) from None
    except (errors.CredentialsRequired, errors.Forbidden) as error:
        raise CannotRush(
            f"The server requires an API key: {error.detail} Pass one with the scope `sell` in HOLDFAST_API_KEY or "
            "--api-key (`holdfast keys create`)."
        ) from None
    except HoldfastError as error:
        raise CannotRush(f"The server at {plan.url} cannot be used: {error}") from None
    _refuse_what_cannot_sell(event, before)
    _refuse_what_cannot_be_asked(plan, event, before)
    rows = list(_rows(seat_map, plan.category)) if seat_map is not None else []
    if seat_map is not None and not any(len(row) >= plan.admissions.least for row in rows):
        raise CannotRush(f"No row has {plan.admissions.least:g} seats side by side.")
    return Survey(event=event, before=before, rows=rows)


async def _try_to_sell(client: AsyncClient, event: Event) -> None:
    """Place an empty hold. The server refuses it as invalid only after it has accepted the credentials."""
    try:
        await client.place_hold(event)
    except errors.Invalid:
        return


def _refuse_what_cannot_sell(event: Event, before: Availability) -> None:
    now = before.as_of
    if event.status != "published":
        raise CannotRush(f"Event {event.number} is {event.status}, so it is not for sale.")
    if event.sales_stopped:
        raise CannotRush(
            f"Sales of event {event.number} are stopped; `holdfast event resume {event.number}` resumes them."
        )
    if event.on_sale_at is not None and event.on_sale_at > now:
        raise CannotRush(
            f"Event {event.number} is on sale from {_text(event.on_sale_at)}; the server's time is {_text(now)}."
        )
    if event.off_sale_at is not None and event.off_sale_at <= now:
        raise CannotRush(f"The sale of event {event.number} ended at {_text(event.off_sale_at)}.")
    if before.available == 0:
        held = f"; {before.held:,} are held and may return" if before.held else ""
        raise CannotRush(
            f"Event {event.number} is already sold out: none of {before.capacity:,} is available{held}."
        )


def _refuse_what_cannot_be_asked(plan: Plan, event: Event, before: Availability) -> None:
    quantity = int(plan.admissions.most)
    for limit, name in ((event.max_per_hold, "one hold"), (event.max_per_buyer, "one buyer")):
        if limit is not None and quantity > limit:
            raise CannotRush(
                f"Event {event.number} allows at most {limit} to {name}, but buyers would request {quantity}."
            )
    if event.max_hold_ttl_seconds is not None and (plan.ttl_seconds or 0) > event.max_hold_ttl_seconds:
        raise CannotRush(f"Holds of event {event.number} live at most {event.max_hold_ttl_seconds} s.")
    areas = [area.name for area in before.areas]
    categories = [one.name for one in event.categories]
    if plan.wish is Wish.QUANTITY:
        if plan.area is not None and plan.area not in areas:
            raise CannotRush(f"Event {event.number} has no area {plan.area}{_choice(areas)}")
        if plan.area is None and len(areas) > 1:
            raise CannotRush(f"Event {event.number} has several areas; name one with --area{_choice(areas)}")
    elif not event.map_version:
        raise CannotRush(f"Event {event.number} has no numbered seats; use --quantity.")
    elif plan.category is not None and plan.category not in categories:
        raise CannotRush(f"Event {event.number} has no category {plan.category}{_choice(categories)}")


def _choice(names: Sequence[str]) -> str:
    return f": it has {', '.join(names)}." if names else "."


def _rows(seat_map: SeatMap, category: str | None) -> list[list[str]]:
    """Return runs of neighbouring seats of one category."""
    found: list[list[str]] = []
    for section in seat_map.sections:
        for row in section.rows:
            last: MapSeat | None = None
            for seat in row.seats:
                if category is not None and seat.category != category:
                    last = None
                    continue
                if last is None or seat.position != last.position + 1 or seat.category != last.category:
                    found.append([])
                found[-1].append(seat.label)
                last = seat
    return found


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
