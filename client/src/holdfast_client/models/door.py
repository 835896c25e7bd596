"""The door: scans of tickets, the rules of an event's doors, and the list for a door without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

__all__ = ["CheckIn", "Door", "DoorList", "GateCounts", "Movement", "OfflineList", "OfflineTicket", "Scan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A scan to record. `seq` counts the scans of its device, and `at` is by the device's clock.

    `shown`: the device had no network, and has let the person pass by itself. `refused`: it has let nobody pass.
    """

    seq: int
    at: datetime
    code: str
    direction: str = "in"
    gate: str | None = None
    list: str | None = None
    shown: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """When and where a ticket has passed a door: `in` or `out`."""

    direction: str
    at: datetime
    gate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """A scan of the log. Only the verdicts `admitted` and `left` let a person pass; `why` explains the others.

    `outcome` is in the answer to a scan: `recorded`, `repeated`, or `conflict`, which was not recorded.
    """

    number: int
    device: str
    seq: int
    device_at: datetime
    at: datetime
    recorded_at: datetime
    direction: str
    verdict: str
    gate: str | None = None
    list: str | None = None
    shown: bool = False
    why: str | None = None
    earlier: Movement | None = None
    ticket: str | None = None
    admission: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorList:
    """Who may enter by this list, and when. Without areas and categories, every ticket may."""

    name: str
    areas: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCounts:
    """How many scans a gate has recorded for a list. `refused` has the duplicates, too."""

    gate: str | None
    list: str | None
    admitted: int
    out: int
    refused: int
    duplicates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The rules of an event's doors, and what the gates have counted."""

    event_number: int
    re_entry: str
    lists: tuple[DoorList, ...]
    changed_at: datetime | None
    log_number: int
    counts: tuple[GateCounts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineTicket:
    """A code as a door knows it without a network. `code_hash`: 12 bytes of SHA-256, in hexadecimal digits."""

    code_hash: str
    reference: str
    booking: UUID
    number: int
    label: str
    area: str | None
    category: str | None
    initial: str | None
    why: str | None
    movements: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineList:
    """Some codes of an event. `next` is the cursor of the next page; the list knows the log up to `log_number`."""

    items: tuple[OfflineTicket, ...]
    next: str | None
    log_number: int
    valid_until: datetime
