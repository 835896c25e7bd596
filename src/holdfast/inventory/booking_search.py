"""Search for bookings by one text: a booking's reference, a seat of the event, or words of its buyer.

A word finds what begins with it, in upper or lower case: `ada love` finds Ada Lovelace, and `ada@exam` finds
ada@example.org. The database keeps the words of names, addresses and references in indexes of their own.
"""

from __future__ import annotations

import re
from uuid import UUID

from holdfast.errors import InvalidInput
from holdfast.ids import parse_reference
from holdfast.inventory.queries import Queries
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.seating.label import normalise_label

__all__ = ["BookingSearch", "words_of"]

_BETWEEN = re.compile(r"[\s!-/:-@\[-`{-~’]+")
"""What stands between words, as in the indexes: blanks and signs of ASCII, and the typographic apostrophe."""
_MAX_WORDS = 8


def words_of(text: str) -> str:
    """Return the words of a text as a query of PostgreSQL, each from its beginning; empty for a text without any."""
    words = [word for word in _BETWEEN.split(text) if word][:_MAX_WORDS]
    return " & ".join(f"'{word}':*" for word in words)


class BookingSearch:
    """Finds bookings of one event, or of an organisation's events."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def find(
        self,
        text: str,
        number: int | None,
        *,
        organisation: int | None = None,
        status: str | None = None,
        metadata: Metadata | None = None,
        before: UUID | None = None,
        limit: int = 50,
        by_words: bool = True,
    ) -> list[Booking]:
        """Return the bookings that the text names, newest first: by reference, else by seat, else by words.

        A seat needs its event (`number`). Words that very many buyers have find only some of their bookings.
        """
        found = await self._by_reference(text, number, organisation) or await self._by_seat(text, number)
        if found:
            wanted = (metadata or {}).items()
            return [
                booking
                for booking in found
                if status in (None, booking.status)
                and (before is None or booking.id < before)
                and wanted <= (booking.metadata or {}).items()
            ]
        words = words_of(text) if by_words else ""
        if not words:
            return []
        return await self._queries.find_bookings_by_words(
            words,
            number,
            organisation=organisation,
            status=status,
            metadata=metadata,
            before=before,
            limit=limit,
        )

    async def _by_reference(self, text: str, number: int | None, organisation: int | None) -> list[Booking]:
        reference = parse_reference(text)
        if reference is None:
            return []
        return await self._queries.find_bookings(reference, number=number, organisation=organisation)

    async def _by_seat(self, text: str, number: int | None) -> list[Booking]:
        """Return the booking that has the seat now."""
        if number is None:
            return []
        try:
            label = normalise_label(text)
        except InvalidInput:
            return []
        event = await self._queries.get_event(number)
        seat = (await self._queries.get_seat_map(number, event.map_version)).number_of(label)
        hold = None if seat is None else await self._queries.find_hold_of_seat(number, seat)
        if hold is None or hold.booking_id is None:
            return []
        return [await self._queries.get_booking(hold.booking_id, STAFF)]
