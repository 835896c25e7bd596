"""Plan: a rush as a person chose it, and what follows from that."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import ceil
from typing import Any

__all__ = ["Arrival", "CannotRush", "Plan", "Range", "Wish"]

MAX_TICKS = 600
"""Longer rushes have longer ticks, so that the counts stay small."""

_LAST_MINUTE_SECONDS = 60.0


class CannotRush(Exception):
    """Its text is one sentence for the person who started it: why there can be no rush."""


class Arrival(StrEnum):
    """How buyers arrive."""

    SPIKE = "spike"  # half of all in the first tenth of the time, then ever fewer
    POISSON = "poisson"  # evenly, each independently
    RAMP = "ramp"  # from none to twice the average


class Wish(StrEnum):
    """What buyers request."""

    QUANTITY = "quantity"
    BEST_AVAILABLE = "best_available"
    SEATS = "seats"


@dataclass(frozen=True, slots=True)
class Range:
    """A range of equally likely values, limits included."""

    least: float
    most: float

    @classmethod
    def parse(cls, text: str) -> Range:
        """Return the range of a text such as `3` or `2-5`. Raises ValueError."""
        least, dash, most = text.partition("-")
        found = cls(float(least), float(most if dash else least))
        if not 0 <= found.least <= found.most < float("inf"):
            raise ValueError(text)
        return found

    def __str__(self) -> str:
        return f"{self.least:g}" if self.least == self.most else f"{self.least:g}-{self.most:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a process with buyers needs, except the event's seats."""

    url: str
    event: str
    run: str
    """Names this rush in every Idempotency-Key. Not from the seed: a repeated rush must not be a retry of the first."""
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
    """Whether holds name their buyer, because the event limits admissions per buyer."""
    takes_part: bool = False
    """Whether the event's rules may grant fewer admissions than requested."""

    processes: int = 1
    connections: int = 1
    """Max connections of each process."""

    @property
    def closing_seconds(self) -> float:
        """Seconds after which all remaining buyers must leave."""
        waiting = self.pay_seconds.most + self.come_back * self.come_back_seconds.most
        return self.over_seconds + waiting + self.patience_seconds + _LAST_MINUTE_SECONDS

    @property
    def tick_seconds(self) -> int:
        """Length of a tick, the unit of time of all counts."""
        return max(1, ceil(self.closing_seconds / MAX_TICKS))

    def share(self, index: int) -> int:
        """Return this process's number of buyers."""
        return self.buyers // self.processes + (index < self.buyers % self.processes)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def to_report(self) -> dict[str, Any]:
        """Return the plan for the report, without the API key."""
        members = {name: str(value) if isinstance(value, Range) else value for name, value in self._members()}
        del members["api_key"], members["run"]
        return members

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
