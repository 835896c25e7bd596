"""Plan: what is to happen in a rush; what a person chose, and what follows from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Any

__all__ = ["Arrival", "CannotRush", "Plan", "Range", "Wish"]

MAX_TICKS = 600
"""Longer rushes are told in longer ticks, so that what is kept has an end."""

_LAST_MINUTE_SECONDS = 60.0


class CannotRush(Exception):
    """Why there can be no rush, in one sentence for the person who asked for it."""


class Arrival(StrEnum):
    """How buyers come."""

    SPIKE = "spike"  # half of all in the first tenth, fewer and fewer afterwards: the doors open
    POISSON = "poisson"  # evenly, each for themselves
    RAMP = "ramp"  # from none to twice the average


class Wish(StrEnum):
    """What buyers ask for."""

    QUANTITY = "quantity"
    BEST_AVAILABLE = "best_available"
    SEATS = "seats"


@dataclass(frozen=True, slots=True)
class Range:
    """From the least to the most, each as likely."""

    least: float
    most: float

    @classmethod
    def parse(cls, text: str) -> Range:
        """`3` or `2-5`. Raises ValueError."""
        least, dash, most = text.partition("-")
        found = cls(float(least), float(most if dash else least))
        if not 0 <= found.least <= found.most < float("inf"):
            raise ValueError(text)
        return found

    def __str__(self) -> str:
        return f"{self.least:g}" if self.least == self.most else f"{self.least:g}-{self.most:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a process with buyers has to know, beside the event's seats."""

    url: str
    event: str
    run: str
    """Names this rush in every Idempotency-Key. Never from the seed: the same rush again is no retry of the first."""
    api_key: str | None = None

    buyers: int
    over_seconds: float
    arrival: Arrival = Arrival.SPIKE
    seed: int = 1

    wish: Wish = Wish.QUANTITY
    admissions: Range = Range(2, 2)
    area: str | None = None
    category: str | None = None
    ttl_seconds: int | None = None

    abandon: float = 0.2
    release: float = 0.05
    pay_seconds: Range = Range(5, 30)
    come_back: int = 3
    come_back_seconds: Range = Range(2, 8)
    patience_seconds: float = 30.0
    names_buyers: bool = False
    """Whether holds say who buys: where the event counts per buyer."""
    takes_part: bool = False
    """Whether fewer than were asked for may be granted: the event's rule."""

    processes: int = 1
    connections: int = 1
    """Of each process, at the most."""

    @property
    def closing_seconds(self) -> float:
        """After so long, whoever is still inside is sent home."""
        waiting = self.pay_seconds.most + self.come_back * self.come_back_seconds.most
        return self.over_seconds + waiting + self.patience_seconds + _LAST_MINUTE_SECONDS

    @property
    def tick_seconds(self) -> int:
        """What happened is counted by ticks of so long."""
        return max(1, ceil(self.closing_seconds / MAX_TICKS))

    def share(self, index: int) -> int:
        """How many of the buyers live in this process."""
        return self.buyers // self.processes + (index < self.buyers % self.processes)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def told(self) -> dict[str, Any]:
        """For the report: without the key."""
        told = {name: str(value) if isinstance(value, Range) else value for name, value in self._members()}
        del told["api_key"], told["run"]
        return told

    def _members(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self.__slots__]

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Plan:
        found = cls(**members)
        return replace(
            found,
            arrival=Arrival(found.arrival),
            wish=Wish(found.wish),
            admissions=Range(**members["admissions"]),
            pay_seconds=Range(**members["pay_seconds"]),
            come_back_seconds=Range(**members["come_back_seconds"]),
        )
