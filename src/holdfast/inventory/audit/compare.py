"""Compare: one event's rows with each other and with its journal. The check feeds it page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from holdfast.ids import event_number_of
from holdfast.inventory.audit.replay import Counters, Replay, ReplayedHold
from holdfast.inventory.audit.store import AuditPage, ClaimGroup, HoldRow, Opening

MAX_REPORTED = 20
"""Max disagreements of one kind for each event, so that a hundred thousand wrong seats are not as many lines."""

_STATUS_OF = {
    "held": "active",
    "booked": "confirmed",
    "cancelled": "confirmed",
    "released": "released",
    "expired": "expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two places that should agree, and do not. `code` is stable."""

    event: int
    code: str
    subject: str
    detail: str


class EventAudit:
    """The state of one event's check."""

    def __init__(self, opening: Opening) -> None:
        self.number = opening.event.number
        self.disagreements: list[Disagreement] = []
        self.left_out = 0
        self.replay = Replay(self.report)
        self._opening = opening
        self._counts: Counter[str] = Counter()
        self._sums: dict[int, Counters] = {}
        """The sums of the claims, as of the opening's version."""
        self._seat_area = {seat: area for area, seats in opening.seats.items() for seat in seats}
        self._holder: dict[int, UUID] = {}
        """Seat -> its holder, as of the opening's version."""
        self._areas = {area.number: area for area in opening.areas}
        if opening.version is None:
            self.report("inventory_missing", "event", "it has no row in inventories, and so no version")
        if event_number_of(opening.event.id) != self.number:
            self.report("id_of_other_event", f"event {opening.event.id}", "its id does not carry its number")

    def report(self, code: str, subject: str, detail: str) -> None:
        self._counts[code] += 1
        if self._counts[code] > MAX_REPORTED:
            self.left_out += 1
        else:
            self.disagreements.append(
                Disagreement(event=self.number, code=code, subject=subject, detail=detail)
            )

    def compare_opening(self) -> None:
        """Compare the event's own rows. Call it when the replay has reached the opening's version."""
        opening, replay = self._opening, self.replay
        if opening.newest_version != opening.version:
            self.report(
                "version_differs",
                "inventory",
                f"it is at version {opening.version}, the journal ends with {opening.newest_version}",
            )
        if replay.at is not None and opening.last_at < replay.at:
            self.report("time_differs", "inventory", "its time is before that of its last version")
        if opening.reclaimed_until > opening.last_at:
            self.report(
                "reclaimed_until_wrong", "inventory", "reclaimed_until lies ahead of the event's own time"
            )
        event = opening.event
        for name, journal in replay.fields.items():
            value = getattr(event.rules if hasattr(event.rules, name) else event, name, None)
            by_row = value.isoformat() if isinstance(value, datetime) else value
            if by_row != journal:
                self.report("rule_differs", name, f"the event says {by_row}, the journal {journal}")
        for area in opening.areas:
            if min(area.held, area.booked, area.blocked) < 0 or area.free < 0:
                self.report(
                    "oversold",
                    f"area {area.number}",
                    f"held {area.held}, booked {area.booked}, blocked {area.blocked} of {area.capacity}",
                )
            seats = len(opening.seats.get(area.number, ()))
            if area.seated and seats != area.capacity:
                self.report(
                    "capacity_differs", f"area {area.number}", f"capacity {area.capacity}, {seats} seats"
                )
            if not area.seated and seats:
                self.report(
                    "capacity_differs", f"area {area.number}", f"it is counted, and has {seats} seats"
                )
            counters = replay.areas.get(area.number, Counters())
            for what in ("capacity", "held", "booked", "blocked"):
                row, journal = getattr(area, what), getattr(counters, what)
                if row != journal:
                    self.report(
                        "journal_differs", f"area {area.number}", f"{what} {row}, by the journal {journal}"
                    )
            for name, by_journal in replay.area_fields.get(area.number, {}).items():
                if getattr(area, name) != by_journal:
                    self.report(
                        "area_differs",
                        f"area {area.number}",
                        f"{name} {getattr(area, name)}, by the journal {by_journal}",
                    )
        for number in {*replay.areas, *opening.seats} - set(self._areas):
            self.report("area_unknown", f"area {number}", "there is no such area")

    def compare_sums(self) -> None:
        """Compare the sums of all claims, and report holds that no page had. Call it after the last page."""
        for area in self._opening.areas:
            sums = self._sums.get(area.number, Counters())
            for what in ("held", "booked", "blocked"):
                counter, claimed = getattr(area, what), getattr(sums, what)
                if counter != claimed:
                    self.report(
                        "counter_differs",
                        f"area {area.number}",
                        f"{what} {counter}, its claims add up to {claimed}",
                    )
        version = self._opening.version or 0
        for id, hold in self.replay.holds.items():
            if not hold.seen and hold.held <= version:
                self.report("row_missing", _name_of(hold, id), "it is in the journal, and has no rows")

    def compare_page(self, page: AuditPage) -> None:
        for row in page.journal:
            self.replay.follow(row.version, row.at, row.structural, row.changes)
        holds: dict[UUID, HoldRow] = {}
        for hold in page.holds:
            if hold.id in holds:
                self.report("booked_twice", f"hold {hold.id}", "it has more than one booking")
            holds[hold.id] = hold
        for booking, hold_id in page.stray_bookings:
            self.report("booking_without_hold", f"booking {booking}", f"there is no hold {hold_id}")
        for id in {*holds, *page.blocks, *page.claims}:
            groups = page.claims.get(id, [])
            self._compare_id(id, groups)
            if id in holds:
                self._compare_hold(holds[id], groups, page)
            elif id in page.blocks:
                self._compare_block(id, page.blocks[id], groups)
            else:
                self.report("claim_without_holder", f"claims of {id}", "there is no such hold or block")
            for group in groups:
                self._add_up(id, group)
            self._compare_journal(id, holds.get(id), page.blocks.get(id), groups)

    def _compare_id(self, id: UUID, groups: list[ClaimGroup]) -> None:
        if event_number_of(id) != self.number:
            self.report("id_of_other_event", str(id), f"its id carries the number {event_number_of(id)}")
        if not groups:
            self.report("without_claims", str(id), "it has no claims at all")

    def _compare_hold(self, hold: HoldRow, groups: list[ClaimGroup], page: AuditPage) -> None:
        subject = f"hold {hold.id}"
        if any(group.kind != "hold" for group in groups):
            self.report("claim_kind", subject, "it has claims of a block")
        own = [group for group in groups if not group.returned]
        claimed = sum(sum(group.quantities) for group in own)
        if groups and claimed != hold.quantity:
            self.report(
                "quantity_differs", subject, f"it is of {hold.quantity}, its claims add up to {claimed}"
            )
        live = hold.status == "active" or (hold.status == "confirmed" and hold.booking_status != "cancelled")
        booked = hold.status == "confirmed"
        if any(group.ended is None for group in groups if group.returned):
            self.report("claim_differs", subject, "it has returned claims that have not ended")
        if any((group.ended is None) != live for group in own):
            state = "live" if live else "over"
            self.report(
                "claim_differs", subject, f"it is {hold.status} and so {state}, and not all of its claims are"
            )
        if any((group.booked is not None) != booked for group in groups):
            self.report(
                "claim_differs", subject, f"it is {hold.status}, and its claims are {'not ' * booked}booked"
            )
        if booked != (hold.booking_id is not None):
            self.report(
                "booking_differs", subject, f"it is {hold.status}, and has {'no' if booked else 'a'} booking"
            )
        if hold.booking_id is not None and event_number_of(hold.booking_id) != self.number:
            self.report(
                "id_of_other_event", f"booking {hold.booking_id}", "its id carries another event's number"
            )
        if hold.status == "active" and hold.expires_at < page.reclaimed_until:
            self.report("reclaimed_until_wrong", subject, "it is active, and expires before reclaimed_until")
        if hold.status == "expired" and hold.expires_at > page.last_at:
            self.report("expired_early", subject, "it is expired, and its expiry lies ahead")

    def _compare_block(self, id: UUID, stands: bool, groups: list[ClaimGroup]) -> None:
        if any(group.kind != "block" for group in groups):
            self.report("claim_kind", f"block {id}", "it has claims of a hold")
        if any((group.ended is None) != stands for group in groups):
            self.report(
                "claim_differs",
                f"block {id}",
                f"it {'stands' if stands else 'is lifted'}, its claims do not agree",
            )

    def _add_up(self, id: UUID, group: ClaimGroup) -> None:
        """Add a claim to the sums as of the opening's version, whenever the page was read."""
        version = self._opening.version or 0
        if group.held > version:
            return
        live = group.ended is None or group.ended > version
        state = "blocked" if group.kind == "block" else "held"
        if state == "held" and group.booked is not None and group.booked <= version:
            state = "booked"
        for area, seat, quantity in zip(group.areas, group.seats, group.quantities, strict=True):
            if area not in self._areas:
                self.report("area_unknown", f"claim of {id}", f"there is no area {area}")
            elif (seat is not None) != self._areas[area].seated:
                self.report("seat_in_other_area", f"claim of {id}", f"seat {seat} of area {area}")
            elif seat is not None and self._seat_area.get(seat) != area:
                known = seat in self._seat_area
                detail = f"seat {seat} is not of area {area}" if known else f"there is no seat {seat}"
                self.report("seat_in_other_area" if known else "seat_unknown", f"claim of {id}", detail)
            if not live:
                continue
            sums = self._sums.setdefault(area, Counters())
            setattr(sums, state, getattr(sums, state) + quantity)
            if seat is not None and self._holder.setdefault(seat, id) != id:
                self.report("seat_claimed_twice", f"seat {seat}", f"{self._holder[seat]} and {id} have it")

    def _compare_journal(
        self, id: UUID, hold: HoldRow | None, stands: bool | None, groups: list[ClaimGroup]
    ) -> None:
        replayed = self.replay.holds.get(id)
        if replayed is None:
            self.report("not_in_journal", str(id), "it has rows, and is not in the journal")
            return
        replayed.seen = True
        subject = _name_of(replayed, id)
        if hold is not None:
            self._compare_value(subject, "status", hold.status, _STATUS_OF.get(replayed.state))
            if replayed.state in ("held", "expired"):
                self._compare_value(subject, "expires_at", hold.expires_at, replayed.until)
            if replayed.booking is not None:
                self._compare_value(subject, "booking", hold.booking_id, replayed.booking)
                expected = "cancelled" if replayed.state == "cancelled" else "confirmed"
                self._compare_value(subject, "booking's status", hold.booking_status, expected)
            self._compare_value(subject, "buyer", hold.buyer, replayed.buyer)
        elif stands is not None:
            self._compare_value(subject, "state", "blocked" if stands else "lifted", replayed.state)
        areas: dict[int, int] = {}
        seats: list[int] = []
        own = [group for group in groups if not group.returned]
        for group in own:
            for area, seat, quantity in zip(group.areas, group.seats, group.quantities, strict=True):
                areas[area] = areas.get(area, 0) + quantity
                if seat is not None:
                    seats.append(seat)
        if groups:
            self._compare_value(subject, "quantities by area", areas, replayed.areas)
            self._compare_value(subject, "seats", sorted(seats), sorted(replayed.seats))
            self._compare_value(subject, "first version", min(group.held for group in groups), replayed.held)
            for group in groups:
                is_added = hold is not None and group.held != replayed.held
                booked = group.held if is_added else replayed.booked
                self._compare_value(subject, "booked version", group.booked, booked)
            for group in own:
                self._compare_value(subject, "last version", group.ended, replayed.ended)
        if hold is not None:
            returned = _sums((group, group.ended or 0) for group in groups if group.returned)
            added = _sums((group, group.held) for group in groups if group.held != replayed.held)
            self._compare_value(subject, "returned by area and version", returned, replayed.returned)
            self._compare_value(subject, "added by area and version", added, replayed.added)

    def _compare_value(self, subject: str, what: str, row: object, journal: object) -> None:
        if row != journal:
            self.report(
                "journal_differs",
                subject,
                f"{what}: {_short(row)} by its rows, {_short(journal)} by the journal",
            )

    def compare_attempt(
        self, number: int, status: str, quantity: int, booking: UUID | None, sold: int | None
    ) -> None:
        subject = f"attempt {number}"
        if status == "FAILED":
            if booking is not None:
                self.report("attempt_differs", subject, f"it FAILED, and names the booking {booking}")
        elif booking is None or sold is None:
            self.report(
                "attempt_without_booking", subject, f"it is CONFIRMED, and there is no booking {booking}"
            )
        elif sold != quantity:
            self.report("attempt_differs", subject, f"it is of {quantity}, its booking of {sold}")


def _sums(groups: Iterable[tuple[ClaimGroup, int]]) -> dict[tuple[int, int], int]:
    """Return the quantities of claims by area and by the version that is given with their group."""
    sums: dict[tuple[int, int], int] = {}
    for group, version in groups:
        for area, quantity in zip(group.areas, group.quantities, strict=True):
            sums[area, version] = sums.get((area, version), 0) + quantity
    return sums


def _name_of(replayed: ReplayedHold, id: UUID) -> str:
    return f"{'block' if replayed.state in ('blocked', 'lifted') else 'hold'} {id}"


def _short(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
