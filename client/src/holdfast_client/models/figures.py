"""Figures: what an event sold, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["HoldEnds", "RefusalCount", "Sales", "SalesStep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesStep:
    """What happened from `at` to the next step. `admissions` are those of the bookings."""

    at: datetime
    holds: int
    bookings: int
    admissions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnds:
    """How many holds were placed in the span, and how many ended in it, and how."""

    holds: int
    booked: int
    released: int
    expired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalCount:
    """How often commands were refused. `reason` is the code of the refusal."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """The last step is under way. Refusals are of the whole span, the most frequent first."""

    event: UUID
    event_number: int
    as_of: datetime
    step_seconds: int
    steps: tuple[SalesStep, ...]
    ends: HoldEnds
    refusals: tuple[RefusalCount, ...]
