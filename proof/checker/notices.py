"""C8: each notice of the journal reaches its receiver at least once, always with the same id and the same content.

The checker makes no ids: it knows a notice by its event, version and index. So an id that changes is seen, whatever
the product derives it from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Place", "Receipt", "check_notices"]

Place = tuple[int, int, int]
"""The event's number, the journal's version, and the index of the entry in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A delivery as its receiver has it. `content` is the body without its signature's time."""

    receiver: str
    id: str
    place: Place
    content: bytes


def check_notices(
    journal: Iterable[Place],
    receipts: Mapping[str, Iterable[Receipt]],
    accuse: Callable[[str, str], None],
) -> dict[str, int]:
    """Accuse with (receiver, detail) of what cannot be. Return how many notices and copies there were.

    Args:
        journal: every entry since the receivers exist.
        receipts: by receiver. One that got nothing is there with nothing.
    """
    wanted = set(journal)
    counts = {"notices": 0, "copies": 0}
    for receiver, got in receipts.items():
        ids: dict[Place, set[str]] = defaultdict(set)
        contents: dict[str, set[bytes]] = defaultdict(set)
        places: dict[str, set[Place]] = defaultdict(set)
        copies = 0
        for receipt in got:
            copies += 1
            ids[receipt.place].add(receipt.id)
            contents[receipt.id].add(receipt.content)
            places[receipt.id].add(receipt.place)
        counts["notices"] += len(ids)
        counts["copies"] += copies - len(ids)
        for place in sorted(wanted - ids.keys()):
            accuse(receiver, f"the notice of {place} never arrived")
        for place in sorted(ids.keys() - wanted):
            accuse(receiver, f"a notice of {place} arrived, which the journal does not have")
        for place, found in ids.items():
            if len(found) > 1:
                accuse(receiver, f"the notice of {place} came with the ids {sorted(found)}")
        for id, found_places in places.items():
            if len(found_places) > 1:
                accuse(receiver, f"the id {id} came for {sorted(found_places)}")
            elif len(contents[id]) > 1:
                accuse(receiver, f"the notice {id} came with different contents")
    return counts
