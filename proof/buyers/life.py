"""Life: one hold as its buyer knows it: requests, answers, and the states that they allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

OK, REFUSED, NOT_DONE, UNKNOWN = "ok", "refused", "not done", "unknown"
"""The result of an attempt: done; refused for good; certainly not done (shed); unknown."""

EFFECTS: dict[str, tuple[str, str | None]] = {
    "place": ("active", None),
    "extend": ("active", None),
    "release": ("released", None),
    "confirm": ("confirmed", "confirmed"),
    "cancel": ("confirmed", "cancelled"),
}
"""The status of the hold and of its booking after each step."""

State = tuple[str, str | None] | None
"""Statuses of the hold and of its booking; None without such a hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event between two readings of the monotonic clock, such as a power cut."""

    begin: int
    end: int


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request. Without an answer its result is `UNKNOWN`."""

    sent_at: int
    answered_at: int | None = None
    result: str = UNKNOWN
    code: str = ""
    """The code of an answer that was not `OK`."""


@dataclass(slots=True)
class Step:
    """One operation under one Idempotency-Key, with all its attempts."""

    name: str
    key: str
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def acknowledged(self) -> int | None:
        """The time of the first success, or None."""
        return next((each.answered_at for each in self.attempts if each.result == OK), None)

    @property
    def is_refused(self) -> bool:
        """True if it certainly had no effect."""
        results = {each.result for each in self.attempts}
        return REFUSED in results or results <= {NOT_DONE}

    def is_certain(self, moment: Moment) -> bool:
        """Return True if it was acknowledged before the moment began."""
        acknowledged = self.acknowledged
        return acknowledged is not None and acknowledged < moment.begin

    def is_possible(self, moment: Moment) -> bool:
        """Return True if it was requested before the moment ended, and is not known to have failed."""
        return bool(self.attempts) and self.attempts[0].sent_at < moment.end and not self.is_refused

    def report(self) -> dict[str, Any]:
        """Return the step for a report."""
        return {
            "step": self.name,
            "key": self.key,
            "attempts": [(each.sent_at, each.answered_at, each.result, each.code) for each in self.attempts],
        }


@dataclass(slots=True, kw_only=True)
class Life:
    """The steps of one buyer in order; each follows the success of the one before."""

    event: int
    order: tuple[Any, ...]
    steps: list[Step] = field(default_factory=list)
    hold: UUID | None = None
    token: str | None = field(default=None, repr=False)
    booking: UUID | None = None
    seats: frozenset[str] = frozenset()
    quantity: int = 0
    """The quantity in counted areas, without the seats."""
    expires_at: datetime | None = None
    """The last acknowledged expiry."""

    def legal(self, moment: Moment) -> set[State]:
        """Return the states that are possible at the moment, given all earlier answers."""
        states: set[State] = {None}
        for step in self.steps:
            if step.is_certain(moment):
                states = {EFFECTS[step.name]}
            elif step.is_possible(moment):
                states.add(EFFECTS[step.name])
        return states

    def certain(self, moment: Moment) -> list[Step]:
        return [step for step in self.steps if step.is_certain(moment)]
