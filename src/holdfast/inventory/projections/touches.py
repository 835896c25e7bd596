"""Touches: which seats the last versions of an event touched, so that a reader is sent only what has changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

MAX_VERSIONS_REMEMBERED = 1_000
MAX_SEATS_REMEMBERED = 200_000


class Touch(NamedTuple):
    """Seats that were touched by a version, or (`lapsed`) by time while the event had that version.

    `reclaimed`: seats of lapsed holds whose rows the version rewrote. They were shown as free when they
    lapsed.
    """

    version: int
    lapsed: bool
    seats: Sequence[int]
    reclaimed: Sequence[int] = ()


class Touches:
    """The newest touches of one read model; the oldest are dropped first."""

    def __init__(self, version: int) -> None:
        self.first_version = version
        """Touches of versions up to this one are not remembered. Touches by time are remembered only from this
        version on."""
        self._kept: deque[Touch] = deque()
        self._forgotten = 0
        self._seats = 0

    @property
    def sequence(self) -> int:
        """The number of touches so far. With `after`, it is a channel's bookmark."""
        return self._forgotten + len(self._kept)

    def after(self, sequence: int) -> set[int] | None:
        """Return the seats touched since that bookmark, or None if they are no longer remembered."""
        if sequence < self._forgotten:
            return None
        later = islice(self._kept, sequence - self._forgotten, None)
        return {seat for touch in later for seat in touch.seats}

    def since(self, version: int) -> set[int]:
        """Return the seats touched by later versions, and by time since that version, as far as remembered.

        A reader who knew the version may have seen some of these expiries before.
        """
        found: set[int] = set()
        for touch in self._kept:
            if touch.version > version or (touch.lapsed and touch.version == version):
                found.update(touch.seats, touch.reclaimed)
        return found

    def add(self, touch: Touch) -> None:
        self._kept.append(touch)
        self._seats += len(touch.seats) + len(touch.reclaimed)
        while len(self._kept) > MAX_VERSIONS_REMEMBERED or (
            self._seats > MAX_SEATS_REMEMBERED and len(self._kept) > 1
        ):
            forgotten = self._kept.popleft()
            self._forgotten += 1
            self._seats -= len(forgotten.seats) + len(forgotten.reclaimed)
            self.first_version = max(self.first_version, forgotten.version + forgotten.lapsed)
