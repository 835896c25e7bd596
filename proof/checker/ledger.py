"""Ledger: every claim of a run, from clients' logs and, for unanswered requests, from the final state."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from proof.checker.changed import CHANGES, follow_change
from proof.checker.claims import REUSING, Claim
from proof.checker.clock import RETURN, Doubt, ServerClock, microseconds
from proof.checker.orphans import Orphan, find_orphans
from proof.history import FOREVER, Hall, History, Op

__all__ = ["Ledger"]

OF_BOOKING = frozenset({"cancel", *CHANGES})
"""Operations on the booking as it is then."""

TURNS = frozenset(
    {"event_cancelled", "stopped", "resumed", "published", "changed", "capacity", "seats_added"}
)
"""Journal entries of the event itself, which may explain refusals and answers."""


class Ledger:
    """The data that the rules examine."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.doubt = Doubt(history.faults)
        self.clock = ServerClock()
        self.claims: list[Claim] = []
        self.excuses: list[Claim] = []
        """Holds that no client received: they never accuse, but they excuse."""
        self.by_hold: dict[str, Claim] = {}
        self.by_booking: dict[str, Claim] = {}
        self.orphans: list[Orphan] = []
        self.blocked: dict[str, set[str]] = defaultdict(set)
        self.blocked_areas: dict[str, dict[str, int]] = defaultdict(dict)
        self.turns: dict[str, set[str]] = defaultdict(set)
        self._sql: dict[str, Any] = (history.dump or {}).get("sql") or {}
        self._formats_with_ids = {
            op.via for op in history.ops["hold"] if op.st == "ok" and op.out.get("hold")
        }
        self._by_seat_and_buyer: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
        self._unanswered: list[Op] = []
        self._cancelled: dict[str, int] = {}
        """Cancelled events, with the earliest moment of the cancellation."""
        self._see_times()
        self._see_journal()
        self._place()
        self._follow()
        self._resolve()
        self.by_event: dict[str, list[Claim]] = defaultdict(list)
        """Every claim, including excuses."""
        for claim in self.claims:
            held_until = self._cancelled.get(claim.event, FOREVER)
            claim.settle(self.hall_of(claim), self.doubt, held_until=held_until)
        for claim in (*self.claims, *self.excuses):
            self.by_event[claim.event].append(claim)

    @property
    def has_final_state(self) -> bool:
        return "holds" in self._sql and "bookings" in self._sql

    def hall_of(self, claim: Claim) -> Hall:
        return self.history.halls[claim.event]

    def claim_of(self, op: Op) -> Claim | None:
        """Return the claim that an operation on a hold or booking concerns, or None."""
        id = op.given.get("hold") or op.out.get("hold")
        if id:
            claim = self.by_hold.get(id)
            return claim if claim is None or op.f not in OF_BOOKING else claim.last
        booking = op.given.get("booking") or op.out.get("booking")
        if booking:
            return self.by_booking.get(booking)
        seats: list[str] = op.given.get("seats") or op.out.get("seats") or []
        return (
            self.unseen_claim(op.event, op.given.get("buyer") or op.user, seats[0])
            if len(seats) == 1
            else None
        )

    def unseen_claim(self, event: str, buyer: str, seat: str) -> Claim | None:
        """Return a buyer's claim on a seat in a format without ids, or None."""
        found = self._by_seat_and_buyer.get((event, buyer, seat))
        return found[-1] if found and not found[-1].is_single_life else None

    def _see_times(self) -> None:
        if any(fault.jump for fault in self.history.faults):
            return
        for f, reported in (("hold", "server_time"), ("extend", "server_time"), ("book", "confirmed_at")):
            for op in self.history.ops[f]:
                # A repeated answer has the time of the first: only a first answer's time is its own.
                if op.st == "ok" and op.attempts == 1 and op.via not in REUSING and op.status == 201:
                    self.clock.see(op.out.get(reported), op.lo, op.hi)

    def _see_journal(self) -> None:
        for block in self._sql.get("blocks") or ():
            self.blocked[block["event"]].update(block.get("seats") or ())
            areas = self.blocked_areas[block["event"]]
            for name, quantity in (block.get("areas") or {}).items():
                areas[name] = areas.get(name, 0) + quantity
        for row in self._sql.get("journal") or ():
            for entry in row["changes"]:
                if entry["change"] in TURNS:
                    self.turns[row["event"]].add(entry["change"])
                if entry["change"] == "event_cancelled":
                    at = self.clock.earliest(microseconds(row["at"])) if self.clock.is_known else 0
                    self._cancelled[row["event"]] = at

    def _place(self) -> None:
        for op in self.history.ops["hold"]:
            if op.st == "fail":
                continue
            seats = named_seats(op)
            buyer = op.given.get("buyer") or op.user
            of_user = (op.event, buyer, seats[0]) if op.via in REUSING and len(seats) == 1 else None
            id = op.out.get("hold")
            if id:
                claim = self._known(id, op)
            elif of_user is not None and op.via not in self._formats_with_ids:
                claim = self._unseen(of_user, op)
            elif op.st == "ok":
                claim = self._new(None, op)
            else:
                self._unanswered.append(op)
                continue
            claim.places.append(op)
            if op.st == "ok" or not claim.seats:
                self._take(claim, op)
            if of_user is not None and claim not in self._by_seat_and_buyer[of_user]:
                self._by_seat_and_buyer[of_user].append(claim)
        for op in self.history.ops["instant"]:
            if op.st == "ok":
                claim = self._known(op.out["hold"], op) if op.out.get("hold") else self._new(None, op)
                self._take(claim, op)
                claim.books.append(op)
                self._name_booking(op, claim)
            elif op.st == "info":
                self._unanswered.append(op)

    def _follow(self) -> None:
        """Add the later operations to each claim."""
        for op in self.history.ops["book"]:
            claim = self.claim_of(op)
            if claim is None and op.st == "ok":  # a hold that no client received
                id = op.given.get("hold") or op.out.get("hold")
                claim = self._known(id, op) if id else self._new(None, op)
                self._take(claim, op)
            if claim is not None:
                claim.books.append(op)
                self._name_booking(op, claim)
        for op in self.history.ops["extend"]:
            if (claim := self.claim_of(op)) is not None:
                claim.extends.append(op)
        for op in self.history.ops["release"]:
            if (claim := self.claim_of(op)) is not None:
                claim.releases.append(op)
        self._follow_changes()
        for op in self.history.ops["cancel"]:
            if (claim := self.claim_of(op)) is not None:
                claim.cancels.append(op)

    def _follow_changes(self) -> None:
        rows = {row["id"]: row for row in self._sql.get("bookings") or ()}
        changes = (op for f in CHANGES for op in self.history.ops[f])
        for op in sorted(changes, key=lambda op: op.lo):
            claim = self.claim_of(op)
            if claim is None:
                continue
            self.by_hold.get(claim.id or "", claim).changes.append(op)
            after = follow_change(claim, op, self.hall_of(claim), rows.get(op.given["booking"]))
            if after is not None and op.st == "ok":
                self.claims.append(after)
                self.by_booking[op.given["booking"]] = after
            elif after is not None:
                self.excuses.append(after)

    def _resolve(self) -> None:
        """Match unanswered requests with the final state. Without a final state, nothing is excused."""
        if self.has_final_state:
            self.orphans = find_orphans(self.history, set(self.by_hold), self.clock)
            held = {hold["id"] for hold in self._sql["holds"]}
            booked = {booking["hold"] for booking in self._sql["bookings"]}
            for id, claim in self.by_hold.items():
                claim.is_booking_lost = id in held and id not in booked
        first = min((op.lo for op in self.history.changing()), default=0)
        for orphan in self.orphans:
            if orphan.op is None or orphan.is_duplicate or orphan.op.f != "instant" or orphan.op.st != "ok":
                self._excuse_by_orphan(orphan, first)
        for op in self._unanswered:
            if op.f == "hold" and op.via in REUSING:  # a later answer may report the hold of this request
                buyer = op.given.get("buyer") or op.user
                for claim in self._by_seat_and_buyer[op.event, buyer, named_seats(op)[0]]:
                    if claim.places[0].hi > op.lo:
                        claim.not_before = min(claim.not_before, op.lo)

    def _excuse_by_orphan(self, orphan: Orphan, first: int) -> None:
        start, end = first if orphan.since is None else orphan.since, FOREVER
        if self.clock.is_known:
            if orphan.hold.get("placed_at") is not None:
                start = self.clock.earliest(orphan.hold["placed_at"])
            if orphan.booking is None and orphan.hold.get("expires_at") is not None:
                end = self.clock.latest(orphan.hold["expires_at"]) + RETURN
        claim = Claim(None, orphan.event, orphan.hold.get("buyer") or "")
        claim.seats = orphan.seats
        claim.areas = orphan.areas
        claim.possible = [(start, end)]
        if orphan.op is not None:
            claim.places.append(orphan.op)
        self.excuses.append(claim)

    def _new(self, id: str | None, op: Op) -> Claim:
        claim = Claim(id, op.event, op.user)
        claim.buyer = op.given.get("buyer") or op.user
        self.claims.append(claim)
        return claim

    def _known(self, id: str, op: Op) -> Claim:
        claim = self.by_hold.get(id)
        if claim is None:
            claim = self.by_hold[id] = self._new(id, op)
        return claim

    def _unseen(self, of_user: tuple[str, str, str], op: Op) -> Claim:
        """Return one claim for all holds of a user on a seat, if no answer names the hold."""
        if not self._by_seat_and_buyer[of_user]:
            claim = self._new(None, op)
            claim.is_single_life = False
            self._by_seat_and_buyer[of_user].append(claim)
        return self._by_seat_and_buyer[of_user][-1]

    def _take(self, claim: Claim, op: Op) -> None:
        """Set the claim's admissions from its answer, or else from its request."""
        reported, hall = op.out, self.history.halls[claim.event]
        claim.seats = tuple(reported["seats"]) if reported.get("seats") else ()
        areas = reported.get("areas") or {}
        claim.areas = {name: count for name, count in areas.items() if name in hall.areas}
        if claim.seats or claim.areas:
            return
        claim.seats = named_seats(op)
        for line in op.given.get("lines") or [op.given]:
            name = line.get("area") or (next(iter(hall.areas)) if len(hall.areas) == 1 else None)
            if line.get("quantity") and name in hall.areas:
                claim.areas[name] = claim.areas.get(name, 0) + line["quantity"]

    def _name_booking(self, op: Op, claim: Claim) -> None:
        if op.out.get("booking"):
            self.by_booking.setdefault(op.out["booking"], claim)


def named_seats(op: Op) -> tuple[str, ...]:
    return tuple(label for line in op.given.get("lines") or () for label in line.get("seats") or ())
