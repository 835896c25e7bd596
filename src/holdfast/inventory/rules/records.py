"""Records: the rows of a hold or a block, as a batch loads and changes them, and as public objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from holdfast.inventory.rules.booking import Block, Booking, BookingStatus
from holdfast.inventory.rules.event import Area, Event, EventStatus
from holdfast.inventory.rules.hold import HeldLine, Hold, HoldStatus
from holdfast.inventory.rules.metadata import Metadata
from holdfast.value import copier

if TYPE_CHECKING:
    from holdfast.inventory.seating.seat_map import SeatMap


class RecordContext(Protocol):
    """The event of a record: the names of its areas and seats."""

    @property
    def event(self) -> Event: ...

    @property
    def areas(self) -> Mapping[int, Area]: ...

    @property
    def seat_map(self) -> SeatMap | None: ...


@dataclass(slots=True, kw_only=True)
class Claim:
    """One row of claims: a seat (quantity 1), or a quantity of an area."""

    line: int
    area: int
    seat: int | None
    quantity: int


@dataclass(slots=True, kw_only=True)
class NumberedClaim(Claim):
    """A claim of a booking that can change in part. `ticket`: as its column, the number of its first ticket."""

    number: int
    ticket: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimEnd:
    """The numbers of a booking's next claim and next ticket. They count everything that it ever had."""

    claim: int
    ticket: int


class HoldRecord:
    """A hold's row, its claims and its booking, as loaded or as placed in this batch."""

    __slots__ = (
        "booking_id",
        "booking_status",
        "buyer",
        "buyer_email",
        "buyer_name",
        "by",
        "cancelled_at",
        "claims",
        "confirmed_at",
        "expires_at",
        "id",
        "metadata",
        "placed_at",
        "quantity",
        "requested",
        "status",
        "token_hash",
        "transferred_at",
        "transfers",
    )

    def __init__(
        self,
        *,
        id: UUID,
        status: HoldStatus,
        placed_at: datetime,
        expires_at: datetime,
        quantity: int,
        requested: int,
        buyer: str | None,
        token_hash: bytes | None,
        claims: list[Claim],
        by: str = "",
        booking_id: UUID | None = None,
        booking_status: BookingStatus | None = None,
        confirmed_at: datetime | None = None,
        cancelled_at: datetime | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        metadata: Metadata | None = None,
        transfers: int = 0,
        transferred_at: datetime | None = None,
    ) -> None:
        self.id = id
        self.status = status
        self.placed_at = placed_at
        self.expires_at = expires_at
        self.quantity = quantity
        self.requested = requested
        self.buyer = buyer
        self.token_hash = token_hash
        self.claims = claims
        self.by = by
        self.booking_id = booking_id
        self.booking_status = booking_status
        self.confirmed_at = confirmed_at
        self.cancelled_at = cancelled_at
        self.buyer_name = buyer_name
        self.buyer_email = buyer_email
        self.metadata = metadata
        self.transfers = transfers
        self.transferred_at = transferred_at

    def status_at(self, now: datetime, event_status: EventStatus) -> HoldStatus:
        """Return the hold's status at `now`, whether or not its row was rewritten."""
        if self.status is HoldStatus.ACTIVE:
            if event_status is EventStatus.CANCELLED:
                return HoldStatus.RELEASED
            if self.expires_at <= now:
                return HoldStatus.EXPIRED
        return self.status

    @property
    def has_live_claims(self) -> bool:
        """Return whether its claims still take inventory (lapsed or not)."""
        return self.status is HoldStatus.ACTIVE or (
            self.status is HoldStatus.CONFIRMED and self.booking_status is not BookingStatus.CANCELLED
        )

    @property
    def plain_terms(self) -> tuple[int, int] | None:
        """Return the area and the quantity if nothing else is known of what is held, and for whom; else None."""
        if len(self.claims) != 1 or self.claims[0].seat is not None:
            return None
        if (
            self.buyer is None
            and self.buyer_name is None
            and self.buyer_email is None
            and self.metadata is None
        ):
            return self.claims[0].area, self.quantity
        return None

    def to_hold(self, context: RecordContext, now: datetime) -> Hold:
        """Return the hold as it is at `now`."""
        event = context.event
        return Hold(
            id=self.id,
            event_number=event.number,
            event_id=event.id,
            status=self.status_at(now, event.status),
            lines=_lines_of(self.claims, context.areas, context.seat_map),
            quantity=self.quantity,
            requested=self.requested,
            placed_at=self.placed_at,
            expires_at=self.expires_at,
            server_time=now,
            buyer=self.buyer,
            buyer_name=self.buyer_name,
            buyer_email=self.buyer_email,
            metadata=self.metadata,
            booking_id=self.booking_id,
            seat_numbers=tuple(seats_of(self.claims)),
        )

    def to_booking(self, context: RecordContext, *, created: bool = False) -> Booking:
        """Return the booking of a confirmed hold. `created`: this answer is about its creation."""
        assert self.booking_id is not None
        assert self.confirmed_at is not None
        event = context.event
        return Booking(
            id=self.booking_id,
            event_number=event.number,
            event_id=event.id,
            event_status=event.status.value,
            hold_id=self.id,
            status=self.booking_status or BookingStatus.CONFIRMED,
            lines=_lines_of(self.claims, context.areas, context.seat_map),
            quantity=self.quantity,
            confirmed_at=self.confirmed_at,
            cancelled_at=self.cancelled_at,
            buyer=self.buyer,
            buyer_name=self.buyer_name,
            buyer_email=self.buyer_email,
            metadata=self.metadata,
            created=created,
            transfers=self.transfers,
            transferred_at=self.transferred_at,
            seat_numbers=tuple(seats_of(self.claims)),
            ticket_runs=_ticket_runs(self.claims),
        )


like_record: Callable[[HoldRecord, UUID, bytes | None], HoldRecord] = copier(HoldRecord, "id", "token_hash")
"""Returns a hold's record that differs from another one in its id and token only. They share the claims."""


class BlockRecord:
    """A block's row and its claims."""

    __slots__ = ("blocked_at", "claims", "id", "lifted_at", "reason")

    def __init__(
        self,
        *,
        id: UUID,
        reason: str | None,
        blocked_at: datetime,
        lifted_at: datetime | None,
        claims: list[Claim],
    ) -> None:
        self.id = id
        self.reason = reason
        self.blocked_at = blocked_at
        self.lifted_at = lifted_at
        self.claims = claims

    def to_block(self, context: RecordContext) -> Block:
        lines = _lines_of(self.claims, context.areas, context.seat_map)
        return Block(
            id=self.id,
            event_number=context.event.number,
            event_id=context.event.id,
            seats=tuple(label for line in lines for label in line.seats),
            area=next((line.area for line in lines if line.area is not None), None),
            quantity=sum(claim.quantity for claim in self.claims),
            reason=self.reason,
            blocked_at=self.blocked_at,
            lifted_at=self.lifted_at,
        )


def quantities_of(claims: Sequence[Claim]) -> dict[str, int]:
    """Return the number of admissions that the claims take in each area, in the journal's form."""
    if len(claims) == 1:  # the most frequent hold
        return {str(claims[0].area): claims[0].quantity}
    areas: dict[str, int] = {}
    for claim in claims:
        areas[str(claim.area)] = areas.get(str(claim.area), 0) + claim.quantity
    return areas


def in_lines(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims in the order in which a reader sees them: by line."""
    return sorted(claims, key=lambda claim: claim.line)


def _ticket_runs(claims: Sequence[Claim]) -> tuple[tuple[int, int], ...]:
    """Return (first ticket, number of tickets) of each claim in the lines' order; nothing as long as the tickets count
    from 1 on."""
    if not claims or type(claims[0]) is Claim:
        return ()
    runs = [(getattr(claim, "ticket", None), claim.quantity) for claim in in_lines(claims)]
    return tuple((first, quantity) for first, quantity in runs if first is not None)


def seats_of(claims: Sequence[Claim]) -> list[int]:
    """Return the numbers of the claimed seats."""
    if len(claims) == 1 and claims[0].seat is None:  # the most frequent hold
        return []
    return [claim.seat for claim in claims if claim.seat is not None]


def _lines_of(
    claims: Sequence[Claim], areas: Mapping[int, Area], seat_map: SeatMap | None
) -> tuple[HeldLine, ...]:
    """Return the claims by the line that requested them. A line of seats names its category if all its seats
    share one."""
    if len(claims) == 1 and claims[0].seat is None:
        return _counted_line(areas[claims[0].area].name, claims[0].quantity)
    if claims and claims[0].line == claims[-1].line:  # claims of one line are adjacent, so there is one line
        return (_line(claims, areas, seat_map),)
    lines: dict[int, list[Claim]] = {}
    for claim in claims:
        lines.setdefault(claim.line, []).append(claim)
    return tuple(_line(group, areas, seat_map) for _, group in sorted(lines.items()))


@lru_cache(maxsize=4_096)
def _counted_line(area: str, quantity: int) -> tuple[HeldLine, ...]:
    """Return the most frequent line; many holds share it."""
    return (HeldLine(area=area, quantity=quantity),)


def _line(group: Sequence[Claim], areas: Mapping[int, Area], seat_map: SeatMap | None) -> HeldLine:
    if group[0].seat is None:
        return HeldLine(area=areas[group[0].area].name, quantity=sum(claim.quantity for claim in group))
    assert seat_map is not None
    categories = {areas[claim.area].category for claim in group}
    return HeldLine(
        seats=tuple([seat_map.label_of(claim.seat) for claim in group if claim.seat is not None]),
        category=categories.pop() if len(categories) == 1 else None,
        quantity=len(group),
    )
