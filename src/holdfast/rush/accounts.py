"""Accounts: the server's answers to the buyers of one process, as far as the comparison needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

__all__ = ["BuyerAccounts", "KnownBooking", "KnownHold", "Unsettled"]


class KnownHold(NamedTuple):
    """A hold as its buyer received it. Times are the server's, in seconds since 1970."""

    id: str
    token: str
    quantity: int
    seats: tuple[str, ...]
    placed_at: float
    expires_at: float

    @classmethod
    def read(cls, answer: dict[str, Any]) -> KnownHold:
        """Return the hold of an answer. Raises KeyError, TypeError or ValueError if the answer is not a hold."""
        return cls(
            answer["id"],
            answer["hold_token"],
            int(answer["quantity"]),
            seats_of(answer["lines"]),
            datetime.fromisoformat(answer["placed_at"]).timestamp(),
            datetime.fromisoformat(answer["expires_at"]).timestamp(),
        )


class KnownBooking(NamedTuple):
    """A booking as its buyer received it."""

    id: str
    token: str
    quantity: int
    seats: tuple[str, ...]


class Unsettled(NamedTuple):
    """A request that its buyer got no answer to. `hold`: the hold that it concerns, if there is one."""

    what: str
    request: bytes
    hold: KnownHold | None


SeatTime: TypeAlias = tuple[str, float, float | None]
"""A seat's label, and the times between which one buyer had it, by the server's clock.

The end is None if the buyer released it: only the server knows that time.
"""

FOR_GOOD = 1e18
"""The end of a booked seat's time. JSON has no infinity."""


@dataclass(slots=True)
class BuyerAccounts:
    """Its size depends on the sales, not on the number of buyers."""

    bookings: list[KnownBooking] = field(default_factory=list)
    lapsing: list[tuple[float, int]] = field(default_factory=list)
    """Holds that no buyer ended: when each lapses, and its admissions."""
    seat_times: list[SeatTime] = field(default_factory=list)
    unsettled: list[Unsettled] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """Descriptions of answers that contradict earlier ones; at most a hundred."""

    def book(self, held: KnownHold, booking: dict[str, Any]) -> int:
        """Record a booking, and return its admissions.

        Raises KeyError, TypeError or ValueError if the answer is not a booking.
        """
        booked = KnownBooking(
            booking["id"], held.token, int(booking["quantity"]), tuple(sorted(seats_of(booking["lines"])))
        )
        if booked.quantity != held.quantity or booked.seats != tuple(sorted(held.seats)):
            self.report_odd(f"booking {booked.id} differs from hold {held.id} in seats or quantity")
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

    def report_odd(self, text: str) -> None:
        if len(self.odd) < 100:
            self.odd.append(text)

    def _keep_seats(self, held: KnownHold, until: float | None) -> None:
        self.seat_times.extend((label, held.placed_at, until) for label in held.seats)


def seats_of(lines: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(label for line in lines for label in line.get("seats") or ())
