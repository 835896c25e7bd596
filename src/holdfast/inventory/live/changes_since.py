"""Since: what has changed since a version that a reader knows, as the seats' new states."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.inventory.projections.read_model import ReadModel
from holdfast.inventory.projections.read_models import MAX_VERSIONS_BEHIND, ReadModels
from holdfast.inventory.rules.availability import Availability
from holdfast.inventory.store.reads import ReadStore

_NEW_INVENTORY = frozenset({"seats_added", "event_cancelled"})
"""After these a reader starts again: there are seats that it does not know, or every hold has gone at once."""

_MAX_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChanges:
    """The counts as they are now, and each touched seat as a member of a JSON list; None: read everything again."""

    availability: Availability
    seats: list[bytes] | None


class ChangesSince:
    """Net changes since a version."""

    def __init__(self, reads: ReadStore, read_models: ReadModels) -> None:
        self._reads = reads
        self._read_models = read_models

    async def get_changes(self, number: int, version: int) -> SeatChanges:
        """None of its seats where the version is more than 1,000 behind, ahead, or before a change of the seat map."""
        read_model = await self._read_models.get_current(number)
        earlier: set[int] = set()
        known_to = version
        for _ in range(_MAX_TRIES):
            if not 0 <= read_model.version - version <= MAX_VERSIONS_BEHIND:
                break
            first = min(read_model.touches.first_version, read_model.version)
            if known_to >= first:
                seats = read_model.members(earlier | read_model.touched_since(version))
                return SeatChanges(availability=read_model.availability(), seats=seats)
            found = await self._touched_between(read_model, known_to, first)
            if found is None:
                break
            earlier |= found
            known_to = first  # unless the picture forgot some more meanwhile: once more, from here
        return SeatChanges(availability=read_model.availability(), seats=None)

    async def _touched_between(self, read_model: ReadModel, after: int, until: int) -> set[int] | None:
        """From the journal, for versions after one, up to another. None where the inventory itself changed."""
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
        return seats
