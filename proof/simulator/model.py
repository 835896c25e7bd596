"""Model: the data of the simulated engine: events with their journals, and holds."""

from __future__ import annotations

from typing import Any

__all__ = ["Event", "Hold", "Refused"]


class Refused(Exception):
    def __init__(self, code: str, status: int = 409) -> None:
        self.code, self.status = code, status


class Hold:
    __slots__ = (
        *("areas", "booking", "buyer", "confirmed_at", "event", "expires_at", "id", "placed_at", "seats"),
        *("status", "user"),
    )

    def __init__(self, id: str, event: Event, *, user: str, buyer: str | None, now: int, until: int) -> None:
        self.id, self.event, self.user, self.buyer = id, event, user, buyer
        self.placed_at, self.expires_at = now, until
        self.status = "active"
        """active, confirmed, released, expired, or cancelled (a former booking)."""
        self.booking: str | None = None
        self.confirmed_at = 0
        self.seats: list[str] = []
        self.areas: dict[str, int] = {}

    @property
    def row_status(self) -> str:
        return "confirmed" if self.status == "cancelled" else self.status

    def has_lapsed(self, now: int) -> bool:
        return self.status == "active" and self.expires_at <= now


class Event:
    """Rows of seats in categories, one counted area, and a journal."""

    def __init__(self, id: str, number: int, rows: list[list[tuple[str, str]]], capacity: int) -> None:
        self.id, self.number, self.rows = id, number, rows
        self.max_per_buyer: int | None = None
        self.category = {label: category for row in rows for label, category in row}
        self.numbers = {label: at for at, label in enumerate(self.category, 1)}
        names = ["general", *dict.fromkeys(self.category.values())]
        self.area_numbers = {name: str(at) for at, name in enumerate(names, 1)}
        self.capacity = capacity
        self.owner: dict[str, Hold] = {}
        self.holds: dict[str, Hold] = {}
        self.version = 0
        opened = {number: self.size_of(name) for name, number in self.area_numbers.items()}
        self.journal: list[dict[str, Any]] = []
        self.write(0, "opened", areas=opened)
        self.earlier: list[dict[str, Any]] = []
        """Earlier reads, for a bug that returns them again."""
        self.live: dict[str, Hold] = {}
        """Holds that keep admissions: active ones, lapsed or not, and confirmed ones."""

    def size_of(self, name: str) -> int:
        if name == "general":
            return self.capacity
        return sum(category == name for category in self.category.values())

    def write(self, now: int, change: str, **entry: Any) -> None:
        if self.journal:
            self.version += 1
        changes = [{"change": change, **entry}]
        self.journal.append({"event": self.id, "version": self.version, "at": now, "changes": changes})

    def areas_of(self, hold: Hold) -> dict[str, int]:
        counts: dict[str, int] = {}
        for label in hold.seats:
            number = self.area_numbers[self.category[label]]
            counts[number] = counts.get(number, 0) + 1
        for name, count in hold.areas.items():
            counts[self.area_numbers[name]] = count
        return counts
