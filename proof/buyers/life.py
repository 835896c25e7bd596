"""Life: one hold as its buyer knows it: what was asked, what was answered, and what must therefore be so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

OK, REFUSED, NOT_DONE, UNKNOWN = "ok", "refused", "not done", "unknown"
"""What came of an attempt: done; refused for good; certainly not done (shed); nobody knows."""

EFFECTS: dict[str, tuple[str, str | None]] = {
    "place": ("active", None),
    "extend": ("active", None),
    "release": ("released", None),
    "confirm": ("confirmed", "confirmed"),
    "cancel": ("confirmed", "cancelled"),
}
"""Each step's hold and booking afterwards."""

State = tuple[str, str | None] | None
"""Statuses of the hold and of its booking; None where there is no such hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened between two readings of the monotonic clock, such as a power cut."""

    begin: int
    end: int


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request. Without an answer it is `UNKNOWN`."""

    asked: int
    answered: int | None = None
    result: str = UNKNOWN
    said: str = ""
    """The code of an answer that was not `OK`."""


@dataclass(slots=True)
class Step:
    """One thing that was wanted, under one Idempotency-Key, however often it was asked for."""

    name: str
    key: str
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def acknowledged(self) -> int | None:
        """When it was certain."""
        return next((each.answered for each in self.attempts if each.result == OK), None)

    @property
    def is_refused(self) -> bool:
        """It certainly has had no effect."""
        results = {each.result for each in self.attempts}
        return REFUSED in results or results <= {NOT_DONE}

    def is_certain(self, moment: Moment) -> bool:
        """Acknowledged before the moment began."""
        acknowledged = self.acknowledged
        return acknowledged is not None and acknowledged < moment.begin

    def is_possible(self, moment: Moment) -> bool:
        """Asked for before the moment was over, and not known to have come to nothing."""
        return bool(self.attempts) and self.attempts[0].asked < moment.end and not self.is_refused

    def told(self) -> dict[str, Any]:
        """For the report."""
        return {
            "step": self.name,
            "key": self.key,
            "attempts": [(each.asked, each.answered, each.result, each.said) for each in self.attempts],
        }


@dataclass(slots=True, kw_only=True)
class Life:
    """The steps of one buyer, in their order; each is taken only after the one before was acknowledged."""

    event: int
    order: tuple[Any, ...]
    steps: list[Step] = field(default_factory=list)
    hold: UUID | None = None
    token: str | None = field(default=None, repr=False)
    booking: UUID | None = None
    seats: frozenset[str] = frozenset()
    quantity: int = 0
    """In counted areas, beside the seats."""
    expires_at: datetime | None = None
    """As last acknowledged."""

    def legal(self, moment: Moment) -> set[State]:
        """Every state that may have been there at the moment, after all that was acknowledged before."""
        states: set[State] = {None}
        for step in self.steps:
            if step.is_certain(moment):
                states = {EFFECTS[step.name]}
            elif step.is_possible(moment):
                states.add(EFFECTS[step.name])
        return states

    def certain(self, moment: Moment) -> list[Step]:
        return [step for step in self.steps if step.is_certain(moment)]
