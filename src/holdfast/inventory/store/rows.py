"""Rows: what the statements bring back, as the domain's own things."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.event import Area, Event, EventStatus
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.inventory.rules.records import Claim, HoldRecord

Row = tuple[Any, ...]


def event_of(row: Row) -> Event:
    """Of an event's columns, in the order of the schema."""
    return Event(
        number=row[0],
        id=row[1],
        name=row[2],
        status=EventStatus(row[3]),
        venue=row[4],
        time_zone=row[5],
        starts_at=row[6],
        on_sale_at=row[7],
        off_sale_at=row[8],
        sales_stopped=row[9],
        hold_ttl_seconds=row[10],
        max_hold_ttl_seconds=row[11],
        max_per_hold=row[12],
        max_per_buyer=row[13],
        allow_partial=row[14],
        map_version=row[15],
        created_at=row[16],
    )


def area_of(row: Row) -> Area:
    number, name, category, seated, capacity, held, booked, blocked = row
    return Area(
        number=number,
        name=name,
        category=category,
        seated=seated,
        capacity=capacity,
        held=held,
        booked=booked,
        blocked=blocked,
    )


def hold_of(row: Row, claims: list[Claim]) -> HoldRecord:
    """Of holds left-joined with their bookings."""
    return HoldRecord(
        id=row[0],
        status=HoldStatus(row[1]),
        placed_at=row[2],
        expires_at=row[3],
        quantity=row[4],
        requested=row[5],
        buyer=row[6],
        token_hash=row[7],
        claims=claims,
        booking_id=row[8],
        booking_status=BookingStatus(row[9]) if row[9] else None,
        confirmed_at=row[10],
        cancelled_at=row[11],
        buyer_name=row[12],
        buyer_email=row[13],
    )


def claims_of(rows: Iterable[Row]) -> dict[UUID, list[Claim]]:
    """By hold or block."""
    claims: dict[UUID, list[Claim]] = {}
    for hold_id, line, area, seat, quantity in rows:
        claims.setdefault(hold_id, []).append(Claim(line=line, area=area, seat=seat, quantity=quantity))
    return claims


def lapsed_of(rows: Iterable[Row]) -> list[HoldRecord]:
    """Holds with their claims joined on, oldest expiry first."""
    found: dict[UUID, HoldRecord] = {}
    for row in rows:
        hold = found.get(row[0])
        if hold is None:
            hold = found[row[0]] = HoldRecord(
                id=row[0],
                status=HoldStatus(row[1]),
                placed_at=row[2],
                expires_at=row[3],
                quantity=row[4],
                requested=row[5],
                buyer=row[6],
                token_hash=row[7],
                claims=[],
            )
        hold.claims.append(Claim(line=row[8], area=row[9], seat=row[10], quantity=row[11]))
    return list(found.values())
