"""History: everything that happened to one seat, from its claims and the journal. It has no records of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from holdfast.errors import SeatNotFound
from holdfast.inventory.projections.read_models import ReadModels
from holdfast.inventory.rules.event import EventStatus
from holdfast.inventory.rules.journal import Extended, Move, Transferred
from holdfast.inventory.store.read_models import ReadModelStore, SeatClaim

Position = tuple[int, bool, UUID, int]
"""A claim's place among those of its seat, and the number of its items on earlier pages."""

Cancellation = tuple[int, datetime]
"""Version and time of the event's cancellation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryItem:
    """One change of a seat: held, booked, released, expired, cancelled, exchanged, blocked or lifted."""

    at: datetime
    change: str
    version: int
    hold: UUID | None = None
    booking: UUID | None = None
    block: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """The journal's entries of one hold or block at one version."""

    at: datetime
    entries: list[Move | Extended | Transferred]

    @property
    def booking(self) -> UUID:
        """The booking, if this step booked the hold."""
        return next(
            UUID(entry["booking"])
            for entry in self.entries
            if entry["change"] == "booked" or entry["change"] == "exchanged"
        )

    def end_of_booked(self, seat: int) -> str:
        """Return how a booking left its seat in this step."""
        is_exchanged = any(
            entry["change"] == "exchanged" and seat in entry.get("seats", ()) for entry in self.entries
        )
        return "exchanged" if is_exchanged else "cancelled"


class Histories:
    """Reads the histories of seats.

    An expiry is listed at the hold's `expires_at`, with the version that the event had then, whether or not
    its rows were rewritten since. A hold that ended by its event's cancellation is listed at the time of the
    cancellation.
    """

    def __init__(self, reads: ReadModelStore, read_models: ReadModels) -> None:
        self._reads = reads
        self._read_models = read_models

    async def list_changes(
        self, number: int, label: str, *, start: Position | None, limit: int
    ) -> tuple[list[HistoryItem], Position | None]:
        """Return a page, oldest first, and where the next one starts. Raises EventNotFound, SeatNotFound."""
        read_model = await self._read_models.get_current(number)
        seat, now = read_model.seat_map.number_of(label), read_model.now
        is_cancelled = read_model.event.status is EventStatus.CANCELLED
        if seat is None:
            raise SeatNotFound(SeatNotFound.IN_EVENT)
        claims = await self._reads.list_claims_of_seat(
            number, seat, start=start[:3] if start else None, max_rows=limit + 1
        )
        cancellation = await self._reads.find_cancellation(number) if is_cancelled else None
        listed = await self._list_items(number, seat, claims, cancellation, now=now)
        items: list[HistoryItem] = []
        for index, (claim, changes) in enumerate(zip(claims, listed, strict=True)):
            skipped = start[3] if start and index == 0 and claim.place == start[:3] else 0
            for place, item in enumerate(changes[skipped:], start=skipped):
                if len(items) == limit:
                    return items, (*claim.place, place)
                items.append(item)
        return items, None

    async def _list_items(
        self,
        number: int,
        seat: int,
        claims: Sequence[SeatClaim],
        cancellation: Cancellation | None,
        *,
        now: datetime,
    ) -> list[list[HistoryItem]]:
        """Return each claim's items, in order."""
        if not claims:
            return []
        steps = await self._steps_of(number, claims)
        expiries = {
            claim.expires_at
            for claim in claims
            if claim.expires_at is not None and claim.booked_version is None and claim.expires_at <= now
        }
        versions = await self._reads.versions_at(number, sorted(expiries)) if expiries else {}
        return [_items_of(claim, seat, steps, cancellation, versions, now=now) for claim in claims]

    async def _steps_of(self, number: int, claims: Sequence[SeatClaim]) -> dict[tuple[int, UUID], _Step]:
        versions = {
            version
            for claim in claims
            for version in (claim.held_version, claim.booked_version, claim.ended_version)
            if version is not None
        }
        found = await self._reads.list_entries(number, sorted(versions), [claim.hold_id for claim in claims])
        steps: dict[tuple[int, UUID], _Step] = {}
        for version, at, _, entry in sorted(found, key=lambda each: (each[0], each[2])):
            of = UUID(entry["block"] if "block" in entry else entry["hold"])
            steps.setdefault((version, of), _Step(at=at, entries=[])).entries.append(entry)
        return steps


def _items_of(
    claim: SeatClaim,
    seat: int,
    steps: dict[tuple[int, UUID], _Step],
    cancellation: Cancellation | None,
    versions: dict[datetime, int],
    *,
    now: datetime,
) -> list[HistoryItem]:
    def at_version(version: int) -> _Step:
        return steps[version, claim.hold_id]

    if claim.kind == "block":
        step = at_version(claim.held_version)
        items = [HistoryItem(at=step.at, change="blocked", version=claim.held_version, block=claim.hold_id)]
        if claim.ended_version is not None:
            step = at_version(claim.ended_version)
            items.append(
                HistoryItem(at=step.at, change="lifted", version=claim.ended_version, block=claim.hold_id)
            )
        return items

    hold = claim.hold_id
    step = at_version(claim.held_version)
    items = []
    if step.entries[0]["change"] == "held":
        items.append(HistoryItem(at=step.at, change="held", version=claim.held_version, hold=hold))
    if claim.booked_version is not None:
        step = at_version(claim.booked_version)
        booking = step.booking
        items.append(
            HistoryItem(at=step.at, change="booked", version=claim.booked_version, hold=hold, booking=booking)
        )
        if claim.ended_version is not None:
            step = at_version(claim.ended_version)
            items.append(
                HistoryItem(
                    at=step.at,
                    change=step.end_of_booked(seat),
                    version=claim.ended_version,
                    hold=hold,
                    booking=booking,
                )
            )
        return items
    ending = _ending(claim, steps, cancellation, versions, now=now)
    if ending is not None:
        at, change, version = ending
        items.append(HistoryItem(at=at, change=change, version=version, hold=hold))
    return items


def _ending(
    claim: SeatClaim,
    steps: dict[tuple[int, UUID], _Step],
    cancellation: Cancellation | None,
    versions: dict[datetime, int],
    *,
    now: datetime,
) -> tuple[datetime, str, int] | None:
    """Return (at, change, version) of the end of a hold without a booking, no matter when it was recorded."""
    expires_at = claim.expires_at
    assert expires_at is not None
    if cancellation is not None and cancellation[0] > claim.held_version:
        version, at = cancellation
        if (claim.ended_version is None or claim.ended_version > version) and at < expires_at:
            return at, "released", version
    if claim.ended_version is None and expires_at > now:
        return None
    if claim.ended_version is not None:
        step = steps[claim.ended_version, claim.hold_id]
        if step.at < expires_at:  # else the hold had lapsed before anyone recorded its end
            return step.at, "released", claim.ended_version
    return expires_at, "expired", max(versions.get(expires_at, 0), claim.held_version)
