"""Since: what has changed since a version that a reader knows, as the seats' new states."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.inventory.projections.read_model import Picture
from holdfast.inventory.projections.read_models import MOST_VERSIONS_BEHIND, Pictures
from holdfast.inventory.rules.availability import Availability
from holdfast.inventory.store.reads import Reads

_NEW_INVENTORY = frozenset({"seats_added", "event_cancelled"})
"""After these a reader starts anew: there are seats that it does not know, or every hold has gone at once."""

_MOST_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The counts as they are now, and each touched seat as a member of a JSON list; None: read everything anew."""

    availability: Availability
    seats: list[bytes] | None


class Comparing:
    """Net changes since a version."""

    def __init__(self, reads: Reads, pictures: Pictures) -> None:
        self._reads = reads
        self._pictures = pictures

    async def get_changes(self, number: int, version: int) -> Since:
        """None of its seats where the version is more than 1,000 behind, ahead, or before a change of the seat map."""
        picture = await self._pictures.get_current(number)
        earlier: set[int] = set()
        known_to = version
        for _ in range(_MOST_TRIES):
            if not 0 <= picture.version - version <= MOST_VERSIONS_BEHIND:
                break
            first = min(picture.first_version, picture.version)
            if known_to >= first:
                seats = picture.members(earlier | picture.touched_since(version))
                return _told(picture, seats)
            found = await self._touched_between(picture, known_to, first)
            if found is None:
                break
            earlier |= found
            known_to = first  # unless the picture forgot some more meanwhile: once more, from here
        return _told(picture, None)

    async def _touched_between(self, picture: Picture, after: int, until: int) -> set[int] | None:
        """From the journal, for versions after one, up to another. None where the inventory itself changed."""
        seats: set[int] = set()
        for version, _, entries in await self._reads.journal_since(picture.number, after, until - after):
            if version > until:
                break
            for entry in entries:
                if entry["change"] in _NEW_INVENTORY:
                    return None
                seats.update(entry.get("seats", ()))
                # An extension names no seats; where its hold has ended since, that entry does.
                if entry["change"] == "extended":
                    seats.update(picture.seats_of(entry["hold"]))
        return seats


def _told(picture: Picture, seats: list[bytes] | None) -> Since:
    return Since(availability=picture.availability(), seats=seats)
