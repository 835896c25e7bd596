"""Alike holds: holds of one batch that differ in nothing but their ids, tokens and retry keys.

A crowd asks for the same few things at the same moment. The first hold of a kind is placed by the rules. A later one
repeats it as long as its area has room, because the rules would come to the same result.
"""

from __future__ import annotations

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.hold import Hold, Shared, like_hold
from holdfast.inventory.rules.journal import Held
from holdfast.inventory.rules.records import Claim, HoldRecord, like_record

__all__ = ["AlikeHolds", "Likeness"]


class AlikeHolds:
    """What the alike holds of a batch share: one claim on a counted area, and all of the answer but the id."""

    __slots__ = ("_by", "_lines", "_ttl_seconds", "claim", "entry", "hold", "record")

    def __init__(self, command: c.PlaceHold, record: HoldRecord, hold: Hold, entry: Held) -> None:
        """`record`, `hold` and `entry` are those of the first hold, which the batch has just placed."""
        self._lines = command.lines
        self._by = command.by
        self._ttl_seconds = command.ttl_seconds
        # A copy, because later commands of the batch may change the first hold.
        self.record = like_record(record, record.id, None)
        self.hold = like_hold(hold, hold.id, Shared())
        self.entry = entry
        self.claim: Claim = record.claims[0]

    def include(self, command: c.PlaceHold) -> bool:
        """Return whether the command asks for the same. Holds that say something about their buyers are not alike."""
        return (
            command.lines is self._lines
            and command.ttl_seconds == self._ttl_seconds
            and command.by == self._by
            and command.buyer is None
            and command.buyer_name is None
            and command.buyer_email is None
            and command.metadata is None
        )


class Likeness:
    """What a batch has decided and may repeat. A change of its event or areas ends that: it begins with a new one."""

    __slots__ = ("bookings", "holds")

    def __init__(self) -> None:
        self.holds: dict[int, AlikeHolds] = {}
        """By the identity of the command's lines."""
        self.bookings: dict[tuple[int, int], Booking] = {}
        """New bookings of holds with nothing but an area and a quantity, by these."""
