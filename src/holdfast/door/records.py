"""Records of the door: the scans of its log, and what a person may know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from holdfast.door.decide import Direction, DoorRules, Movement, ScanVerdict, Why

__all__ = ["DoorState", "GateCounts", "LoggedScan", "NewScan", "Recorded", "ScanAnswer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScan:
    """One scan as a device sends it. `at` is by the device's clock."""

    seq: int
    at: datetime
    code: str
    direction: Direction = Direction.IN
    gate: str | None = None
    list: str | None = None
    shown: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedScan:
    """A scan of the log, with the verdict that it got."""

    number: int
    device: str
    seq: int
    device_at: datetime
    at: datetime
    recorded_at: datetime
    code_hash: bytes
    direction: Direction
    gate: str | None
    list: str | None
    shown: bool
    verdict: ScanVerdict
    why: Why | None
    earlier: Movement | None
    booking_id: UUID | None
    ticket_number: int | None
    admission: str | None
    recorded_by: str


class Recorded(StrEnum):
    """What became of a scan that a device has sent."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnswer:
    """The answer to one scan. In a conflict, `scan` is the other one of this device and number."""

    outcome: Recorded
    scan: LoggedScan


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
class DoorState:
    """The rules of an event's doors, and how far their log counts."""

    rules: DoorRules
    last_number: int = 0
    changed_at: datetime | None = None
