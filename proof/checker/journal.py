"""Journal: replayed by independent code, and compared with the final rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from proof.checker.clock import microseconds
from proof.checker.ledger import Ledger
from proof.checker.verdict import Report

__all__ = ["Act", "Replay", "check_journal"]

BEFORE = {
    "booked": "held",
    "released": "held",
    "expired": "held",
    "extended": "held",
    "cancelled": "booked",
    "lifted": "blocked",
}
"""The state that each change requires."""

ROWS = {
    "held": ("active", None),
    "booked": ("confirmed", "confirmed"),
    "released": ("released", None),
    "expired": ("expired", None),
    "cancelled": ("confirmed", "cancelled"),
}
"""Status of the hold and of its booking, for each final state of the journal."""


class Act:
    """One change that somebody requested."""

    __slots__ = ("buyer", "by", "change", "hold")

    def __init__(self, entry: dict[str, Any]) -> None:
        self.change: str = entry["change"]
        self.hold: str = entry["hold"]
        self.by: str | None = entry.get("by")
        self.buyer: str | None = entry.get("buyer")


class Replay:
    """One event, built from its journal alone."""

    def __init__(self, event: str, report: Report) -> None:
        self.event = event
        self._report = report
        self.version = -1
        self.state: dict[str, str] = {}
        """States of holds and blocks, by id."""
        self.until: dict[str, int] = {}
        self.booking: dict[str, str] = {}
        self.seats: dict[str, list[int]] = {}
        self.areas: dict[str, dict[str, int]] = {}
        self.owner: dict[int, str] = {}
        self.capacity: dict[str, int] = {}
        self.counters: dict[str, dict[str, int]] = defaultdict(lambda: {"held": 0, "booked": 0, "blocked": 0})
        self.acts: list[Act] = []

    def follow(self, row: dict[str, Any]) -> None:
        version, at = row["version"], microseconds(row["at"])
        if version != self.version + 1:
            self._accuse(f"the journal goes from version {self.version} to {version}")
        self.version = version
        for entry in row["changes"]:
            self._apply(entry, version, at)
        for area, counters in self.counters.items():
            taken = sum(counters.values())
            if min(counters.values()) < 0 or taken > self.capacity.get(area, 0):
                self._accuse(
                    f"at version {version}, area {area} has {taken} of {self.capacity.get(area)} taken"
                )

    def _apply(self, entry: dict[str, Any], version: int, at: int) -> None:
        change = entry["change"]
        if change in ("opened", "capacity", "seats_added"):
            self.capacity.update(entry["areas"])
            return
        id = entry.get("hold") or entry.get("block")
        if id is None:
            return
        if "hold" in entry and change != "expired":
            self.acts.append(Act(entry))
        if change in ("held", "blocked") or entry.get("instant"):
            self._take(id, entry, version)
            return
        if change in ("reduced", "exchanged"):
            self._change(id, entry, version)
            return
        if change == "transferred":
            if self.state.get(id) != "booked":
                self._accuse(f"version {version}: {change} of {id}, which is {self.state.get(id)}")
            return
        needed = BEFORE.get(change)
        if needed is None or self.state.get(id) != needed:
            self._accuse(f"version {version}: {change} of {id}, which is {self.state.get(id)}")
            return
        if change == "extended":
            self.until[id] = microseconds(entry["until"])
            return
        if change == "booked" and at >= self.until[id]:
            self._accuse(f"version {version} books {id} at {at}, and it had expired at {self.until[id]}")
        if change == "expired" and at < self.until[id]:
            self._accuse(f"version {version} ends {id} at {at}, and it was to live until {self.until[id]}")
        self._count(id, needed, -1)
        self.state[id] = change
        if change == "booked":
            self.booking[id] = entry["booking"]
            self._count(id, "booked", 1)
        else:
            for seat in self.seats[id]:
                self.owner.pop(seat, None)

    def _take(self, id: str, entry: dict[str, Any], version: int) -> None:
        state = {"held": "held", "blocked": "blocked"}.get(entry["change"], "booked")
        if id in self.state and not (state == "blocked" and self.state[id] == "blocked"):
            self._accuse(f"version {version} begins {id} a second time")
        seats = entry.get("seats") or []
        for seat in seats:
            if seat in self.owner:
                self._accuse(f"version {version} gives seat {seat} to {id}; {self.owner[seat]} has it")
            self.owner[seat] = id
        areas = {str(area): count for area, count in (entry.get("areas") or {}).items()}
        self.state[id] = state
        for area, count in areas.items():
            self.counters[area][state] += count
        before = self.areas.get(id, {})
        self.seats[id] = [*self.seats.get(id, ()), *seats]
        self.areas[id] = {area: before.get(area, 0) + areas.get(area, 0) for area in {**before, **areas}}
        if state == "held":
            self.until[id] = microseconds(entry["until"])
        elif state == "booked":
            self.booking[id] = entry["booking"]

    def _change(self, id: str, entry: dict[str, Any], version: int) -> None:
        """A booking returns admissions, and takes as many others if it is an exchange."""
        if self.state.get(id) != "booked":
            self._accuse(f"version {version}: {entry['change']} of {id}, which is {self.state.get(id)}")
            return
        returned, new = entry.get("seats") or [], entry.get("new_seats") or []
        areas = {str(area): count for area, count in entry["areas"].items()}
        new_areas = {str(area): count for area, count in (entry.get("new_areas") or {}).items()}
        if entry["change"] == "exchanged" and sum(areas.values()) != sum(new_areas.values()):
            self._accuse(f"version {version} exchanges {areas} of {id} for {new_areas}")
        for seat in returned:
            if self.owner.pop(seat, None) != id:
                self._accuse(f"version {version} returns seat {seat}, which {id} does not have")
        for seat in new:
            if seat in self.owner:
                self._accuse(f"version {version} gives seat {seat} to {id}; {self.owner[seat]} has it")
            self.owner[seat] = id
        self.seats[id] = [*(seat for seat in self.seats[id] if seat not in set(returned)), *new]
        for changed, sign in ((areas, -1), (new_areas, 1)):
            for area, count in changed.items():
                self.counters[area]["booked"] += sign * count
                self.areas[id][area] = self.areas[id].get(area, 0) + sign * count
        if min(self.areas[id].values()) < 0 or not any(self.areas[id].values()):
            self._accuse(f"version {version} leaves {self.areas[id]} to {id}")

    def _count(self, id: str, state: str, sign: int) -> None:
        for area, count in self.areas[id].items():
            self.counters[area][state] += sign * count

    def _accuse(self, detail: str) -> None:
        self._report.accuse("C4", self.event, f"journal: {detail}")


def check_journal(ledger: Ledger, report: Report) -> dict[str, Replay]:
    """C4: every event's journal is complete, possible, and leads to the rows."""
    sql = (ledger.history.dump or {}).get("sql") or {}
    replays: dict[str, Replay] = {}
    for row in sorted(sql.get("journal") or (), key=lambda row: (row["event"], row["version"])):
        replay = replays.get(row["event"])
        if replay is None:
            replay = replays[row["event"]] = Replay(row["event"], report)
        replay.follow(row)
    if not replays:
        return replays
    bookings = {booking["hold"]: booking for booking in sql.get("bookings") or ()}
    seen: dict[str, set[str]] = defaultdict(set)
    for hold in sql.get("holds") or ():
        event, id = hold["event"], hold["id"]
        seen[event].add(id)
        if event in replays:
            _compare(replays[event], hold, bookings.get(id), report)
    for event, replay in replays.items():
        lost = [id for id, state in replay.state.items() if state in ROWS and id not in seen[event]]
        for id in lost:
            report.accuse("C4", event, f"journal: it has hold {id}, which no row has")
    _compare_areas(replays, sql.get("areas") or [], report)
    return replays


def _compare(replay: Replay, hold: dict[str, Any], booking: dict[str, Any] | None, report: Report) -> None:
    id, state = hold["id"], replay.state.get(hold["id"])
    rows = (hold["status"], None if booking is None else booking["status"])
    if ROWS.get(state or "") != rows:
        report.accuse("C4", replay.event, f"journal: hold {id} is {state}, its rows are {rows}")
        return
    if booking is not None and replay.booking.get(id) != booking["id"]:
        replayed = replay.booking.get(id)
        report.accuse("C4", replay.event, f"journal: {id} became {replayed}, its row is {booking['id']}")
    until = hold.get("expires_at")
    if until is not None and id in replay.until and microseconds(until) != replay.until[id]:
        report.accuse(
            "C4", replay.event, f"journal: {id} lives until {replay.until[id]}, its row says {until}"
        )


def _compare_areas(replays: dict[str, Replay], areas: list[dict[str, Any]], report: Report) -> None:
    for area in areas:
        replay, number = replays.get(area["event"]), area.get("number")
        if replay is None or number is None:
            continue
        replayed = {**replay.counters[str(number)], "capacity": replay.capacity.get(str(number))}
        row = {name: area[name] for name in ("held", "booked", "blocked", "capacity")}
        if replayed != row:
            report.accuse("C4", area["event"], f"journal: area {number} is {replayed}, its row says {row}")
