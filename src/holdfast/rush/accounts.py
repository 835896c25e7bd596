"""Accounts: what the buyers of one process were told, in as few words as the comparison with the server needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

__all__ = ["BuyerAccounts", "KnownBooking", "KnownHold", "Unsettled"]


class KnownHold(NamedTuple):
    """A hold as its buyer was told of it. Times are the server's, in seconds since 1970."""

    id: str
    token: str
    quantity: int
    seats: tuple[str, ...]
    placed_at: float
    expires_at: float

    @classmethod
    def read(cls, told: dict[str, Any]) -> KnownHold:
        """Raises KeyError, TypeError or ValueError for what is no hold."""
        return cls(
            told["id"],
            told["hold_token"],
            int(told["quantity"]),
            seats_of(told["lines"]),
            datetime.fromisoformat(told["placed_at"]).timestamp(),
            datetime.fromisoformat(told["expires_at"]).timestamp(),
        )


class KnownBooking(NamedTuple):
    """A booking as its buyer was told of it."""

    id: str
    token: str
    quantity: int
    seats: tuple[str, ...]


class Unsettled(NamedTuple):
    """Something that a buyer asked for and was never told of. `hold`: whose, where that is known."""

    what: str
    request: bytes
    hold: KnownHold | None


SeatTime: TypeAlias = tuple[str, float, float | None]
"""From when to when a seat was one buyer's, by the server's clock. The end is None where it was given back, at a moment
that only the server knows."""

FOR_GOOD = 1e18
"""A time that goes through JSON, which has no infinity."""


@dataclass(slots=True)
class BuyerAccounts:
    """Grows with what was sold, not with who came."""

    bookings: list[KnownBooking] = field(default_factory=list)
    lapsing: list[tuple[float, int]] = field(default_factory=list)
    """Holds that nobody ended: when each lapses, and its admissions."""
    seat_times: list[SeatTime] = field(default_factory=list)
    unsettled: list[Unsettled] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """Answers that contradict what was told before, in words; the first hundred."""

    def book(self, held: KnownHold, booking: dict[str, Any]) -> int:
        """The admissions that were booked. Raises KeyError, TypeError or ValueError for what is no booking."""
        booked = KnownBooking(
            booking["id"], held.token, int(booking["quantity"]), tuple(sorted(seats_of(booking["lines"])))
        )
        if booked.quantity != held.quantity or booked.seats != tuple(sorted(held.seats)):
            self.say_odd(f"booking {booked.id} is not for what hold {held.id} was given for")
        self.bookings.append(booked)
        self._keep_seats(held, FOR_GOOD)
        return booked.quantity

    def let_lapse(self, held: KnownHold) -> None:
        self.lapsing.append((held.expires_at, held.quantity))
        self._keep_seats(held, held.expires_at)

    def give_back(self, held: KnownHold) -> None:
        self._keep_seats(held, None)

    def leave_open(self, what: str, request: bytes, held: KnownHold | None = None) -> None:
        self.unsettled.append(Unsettled(what, request, held))

    def say_odd(self, text: str) -> None:
        if len(self.odd) < 100:
            self.odd.append(text)

    def _keep_seats(self, held: KnownHold, until: float | None) -> None:
        self.seat_times.extend((label, held.placed_at, until) for label in held.seats)


def seats_of(lines: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(label for line in lines for label in line.get("seats") or ())
