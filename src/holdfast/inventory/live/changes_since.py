"""Since: the new states of all seats that changed since a version."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.inventory.projections.read_model import ReadModel
from holdfast.inventory.projections.read_models import MAX_VERSIONS_BEHIND, ReadModels
from holdfast.inventory.rules.availability import Availability
from holdfast.inventory.store.reads import ReadStore

_NEW_INVENTORY = frozenset({"seats_added", "event_cancelled"})
"""After these a reader must start again: it does not know the new seats, or every hold has ended together."""

_MAX_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChanges:
    """The present counts, and each touched seat as a member of a JSON list; None: read everything again."""

    availability: Availability
    seats: list[bytes] | None


class ChangesSince:
    """Finds net changes since a version."""

    def __init__(self, reads: ReadStore, read_models: ReadModels) -> None:
        self._reads = reads
        self._read_models = read_models

    async def get_changes(self, number: int, epoch: str, version: int) -> SeatChanges:
        """Return the changes. `seats` is None if the version is of another epoch, more than 1,000 behind, ahead, or
        older than a change of the map."""
        read_model = await self._read_models.get_current(number)
        earlier: set[int] = set()
        known_to = version
        for _ in range(_MAX_TRIES):
            if epoch != read_model.epoch or not 0 <= read_model.version - version <= MAX_VERSIONS_BEHIND:
                break
            first = min(read_model.touches.first_version, read_model.version)
            if known_to >= first:
                seats = read_model.members(earlier | read_model.touched_since(version))
                return SeatChanges(availability=read_model.availability(), seats=seats)
            found = await self._touched_between(read_model, known_to, first)
            if found is None:
                break
            earlier |= found
            known_to = (
                first  # the read model may have dropped more touches meanwhile, so look again from here
            )
        return SeatChanges(availability=read_model.availability(), seats=None)

    async def _touched_between(self, read_model: ReadModel, after: int, until: int) -> set[int] | None:
        """Return the seats that versions in (after, until] touched, by the journal; None if the inventory itself
        changed."""
        seats: set[int] = set()
        for version, _, entries in await self._reads.journal_since(read_model.number, after, until - after):
            if version > until:
                break
            for entry in entries:
                if entry["change"] in _NEW_INVENTORY:
                    return None
                if entry["change"] == "extended":  # names no seats; an entry that ends the hold does
                    seats.update(read_model.seats_of(entry["hold"]))
                elif "seats" in entry:
                    seats.update(entry["seats"])
                if entry["change"] == "exchanged":
                    seats.update(entry.get("new_seats", ()))
        return seats
