"""Fold: one walk over the journal's entries for every live copy of an event.

The occupancy (for decisions) and the read model (for readers) follow commits with it. The audit's replay does
not: it walks the entries with code of its own, as a second opinion.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from holdfast.inventory.rules.journal import (
        Blocked,
        Booked,
        Cancelled,
        Entry,
        Exchanged,
        Expired,
        Extended,
        Held,
        Lifted,
        Reduced,
        Released,
    )


class Follower(Protocol):
    """A copy of an event that moves admissions as the journal says. `at`: the time of the version."""

    def on_held(self, entry: Held, at: datetime, /) -> None: ...

    def on_booked(self, entry: Booked, at: datetime, /) -> None:
        """A hold became a booking, or (`instant`) a booking was made in one step."""

    def on_extended(self, entry: Extended) -> None: ...

    def on_ended(self, entry: Released | Expired) -> None:
        """A hold ended without a booking."""

    def on_cancelled(self, entry: Cancelled) -> None: ...

    def on_reduced(self, entry: Reduced) -> None:
        """A booking returned a part of what it has."""

    def on_exchanged(self, entry: Exchanged, at: datetime, /) -> None:
        """A booking returned admissions, and took others."""

    def on_blocked(self, entry: Blocked, at: datetime, /) -> None: ...

    def on_lifted(self, entry: Lifted) -> None: ...


def fold(entries: Iterable[Entry], into: Follower, at: datetime) -> None:
    """Apply one version's entries in order. Structural entries move no admissions and are skipped."""
    for entry in entries:
        match entry["change"]:  # the most frequent first
            case "held":
                into.on_held(entry, at)
            case "booked":
                into.on_booked(entry, at)
            case "released" | "expired":
                into.on_ended(entry)
            case "extended":
                into.on_extended(entry)
            case "cancelled":
                into.on_cancelled(entry)
            case "reduced":
                into.on_reduced(entry)
            case "exchanged":
                into.on_exchanged(entry, at)
            case "blocked":
                into.on_blocked(entry, at)
            case "lifted":
                into.on_lifted(entry)
