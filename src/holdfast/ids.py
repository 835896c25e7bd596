"""Ids: UUID version 8 that carry their event's number, so that a row can be found and routed by its id alone.

Layout, from the top: 40 bits event number, 41 bits milliseconds since 2020-01-01, 41 random bits. These are
122 bits; the other six are the version and variant of RFC 9562. Ids of one event grow with time, so that
indexes grow at their end. Ids are not secrets: a hold token is.

A booking's reference is the last 40 bits of its id, as eight characters that people can read out (Crockford's
base 32: no I, L, O or U).
"""

from __future__ import annotations

import re
from functools import lru_cache
from uuid import UUID, SafeUUID

import orjson

EVENT_NUMBER_BITS = 40
EVENT_NUMBER_SHIFT = 128 - EVENT_NUMBER_BITS
MAX_EVENT_NUMBER = (1 << EVENT_NUMBER_BITS) - 1
EPOCH_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z. 41 bits of milliseconds last until 2089."""

SEATS_PER_EVENT = 1_000_000
"""Room for the seat numbers of one event inside a dialect's integer seat id."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {**{letter: value for value, letter in enumerate(_ALPHABET)}, "I": 1, "L": 1, "O": 0}
_REFERENCE = re.compile(r"[0-9A-TV-Za-tv-z]{4}-?[0-9A-TV-Za-tv-z]{4}", re.ASCII)
_LOW_40 = (1 << 40) - 1
_LOW_41 = (1 << 41) - 1

_UNKNOWN = SafeUUID.unknown
_VERSION = 8 << 76
_VARIANT = 2 << 62
_LOW_62 = (1 << 62) - 1
_LOW_12 = (1 << 12) - 1


def make_id(event_number: int, *, unix_ms: int, random_bits: int) -> UUID:
    """Return an id of `event_number`. `unix_ms` only orders it and decides nothing."""
    made = object.__new__(UUID)  # as `_id_of` does, whose call would take as long
    object.__setattr__(made, "int", _upper_bits(event_number, unix_ms) | (random_bits & _LOW_41))
    object.__setattr__(made, "is_safe", _UNKNOWN)
    return made


@lru_cache(maxsize=64)
def _upper_bits(event_number: int, unix_ms: int) -> int:
    """Return the part that all ids of an event and a millisecond share."""
    body = (event_number << 82) | (((unix_ms - EPOCH_MS) & _LOW_41) << 41)
    return ((body >> 74) << 80) | _VERSION | (((body >> 62) & _LOW_12) << 64) | _VARIANT | (body & _LOW_62)


def text_of(id: UUID) -> str:
    """Same as `str(id)`, which takes three times as long because it is not written in C."""
    return orjson.dumps(id)[1:-1].decode()


def read_id(text: str) -> UUID:
    """Return the id of a text that is known to be an id in its canonical form; nothing is checked."""
    return _id_of(int(text.replace("-", ""), 16))


def _id_of(value: int) -> UUID:
    """Same as `UUID(int=value)`, which takes three times as long because it checks which of six arguments was
    given."""
    made = object.__new__(UUID)
    object.__setattr__(made, "int", value)
    object.__setattr__(made, "is_safe", _UNKNOWN)
    return made


def event_number_of(some_id: UUID) -> int | None:
    """Return the event number inside an id, or None if no such id can exist."""
    value = some_id.int
    if (value >> 76) & 0xF != 8 or (value >> 62) & 3 != 2:
        return None
    return (value >> EVENT_NUMBER_SHIFT) or None


def seat_id(event_number: int, seat_number: int) -> int:
    """Return a dialect's integer seat id, which names the event and the seat."""
    return event_number * SEATS_PER_EVENT + seat_number


def split_seat_id(value: int) -> tuple[int, int]:
    """Return (event number, seat number) of a dialect's integer seat id."""
    return divmod(value, SEATS_PER_EVENT)


def reference_of(booking_id: UUID) -> str:
    """Return the booking's reference, which people read and type."""
    bits = booking_id.int & _LOW_40
    return "".join([_ALPHABET[(bits >> shift) & 31] for shift in range(35, -1, -5)])


def parse_reference(text: str) -> str | None:
    """Return the reference in its canonical form. Small letters, a hyphen in the middle, and I, L and O for 1
    and 0 are accepted."""
    if not _REFERENCE.fullmatch(text):
        return None
    return "".join([_ALPHABET[_VALUES[letter]] for letter in text.upper() if letter != "-"])


def end_of_id(reference: str) -> str:
    """Return the last ten hexadecimal digits of the ids of bookings with this reference."""
    bits = 0
    for letter in reference:
        bits = bits << 5 | _VALUES[letter]
    return f"{bits:010x}"
