"""Seats as members of a JSON list: `{"label", "status", "until"?}`, written directly because there may be
100,000. And seats as two bits each, for a page that draws them all.

Nothing needs escaping: a label is letters, digits, spaces, dots and hyphens.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime


def time_text(at: datetime) -> str:
    """Return a time as every answer writes it: UTC with `Z`."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def held_until(expires_at: datetime) -> str:
    """Return the status of a hold's seats, built once for all of them."""
    return f'held","until":"{time_text(expires_at)}'


def taken_seat(label: str, status: str) -> bytes:
    return f'{{"label":"{label}","status":"{status}"}}'.encode("ascii")


def available_seat(label: str) -> bytes:
    return f'{{"label":"{label}","status":"available"}}'.encode("ascii")


def seat_list(members: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(members) + b"]"


_STATUS = b'"status":"'
_CODES = {b"held": 1, b"book": 2, b"bloc": 3}
"""A packed seat's status by its first letters; 0 is available."""


def packed_seats(taken: Iterable[tuple[int, bytes]], size: int) -> bytes:
    """Return all seats of a map as a JSON string: base64 of two bits for each, in number order.

    `taken` has each seat that is not available, by number, as its member of a list. A byte has four seats, the first
    in its lowest bits.
    """
    packed = bytearray((size + 3) // 4)
    for number, member in taken:
        at = member.index(_STATUS) + len(_STATUS)
        place = number - 1
        packed[place >> 2] |= _CODES[member[at : at + 4]] << (place & 3) * 2
    return b'"' + b64encode(packed) + b'"'
