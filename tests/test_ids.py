"""Ids: they contain the number of their event, sort by time, and use a UUID version of our own."""

from __future__ import annotations

import copy
import pickle
import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import ids

EVENT_NUMBERS = st.integers(1, ids.MAX_EVENT_NUMBER)
MOMENTS = st.integers(ids.EPOCH_MS, ids.EPOCH_MS + (1 << 41) - 1)
BITS = st.integers(0, (1 << 48) - 1)


@given(EVENT_NUMBERS, MOMENTS, BITS)
def test_an_id_is_a_uuid_version_8_with_its_event_number(number: int, ms: int, bits: int) -> None:
    made = ids.make_id(number, unix_ms=ms, random_bits=bits)
    assert ids.event_number_of(made) == number
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert UUID(str(made)) == made


@given(st.uuids())
def test_the_text_of_an_id_is_the_usual_one(id: UUID) -> None:
    assert ids.text_of(id) == str(id)


@given(EVENT_NUMBERS, MOMENTS, MOMENTS, BITS, BITS)
def test_ids_of_one_event_grow_with_time(number: int, one: int, other: int, bits: int, more: int) -> None:
    first, second = sorted((one, other))
    if first < second:
        earlier = ids.make_id(number, unix_ms=first, random_bits=bits)
        assert earlier < ids.make_id(number, unix_ms=second, random_bits=more)


@given(EVENT_NUMBERS, MOMENTS, st.integers(0, (1 << 41) - 1), st.integers(0, (1 << 41) - 1))
def test_different_random_bits_are_different_ids(number: int, ms: int, one: int, other: int) -> None:
    made = {ids.make_id(number, unix_ms=ms, random_bits=bits) for bits in (one, other)}
    assert len(made) == len({one, other})


@pytest.mark.parametrize("foreign", [uuid4(), UUID(int=0), UUID(int=(1 << 128) - 1)])
def test_a_foreign_id_names_no_event(foreign: UUID) -> None:
    assert ids.event_number_of(foreign) is None


def test_an_id_of_event_zero_names_no_event() -> None:
    assert ids.event_number_of(ids.make_id(0, unix_ms=ids.EPOCH_MS, random_bits=1)) is None


@given(st.integers(1, 9_000_000_000), st.integers(1, ids.SEATS_PER_EVENT - 1))
def test_a_seat_id_names_event_and_seat(event: int, seat: int) -> None:
    assert ids.split_seat_id(ids.seat_id(event, seat)) == (event, seat)


@given(st.uuids())
def test_a_parsed_id_equals_the_original(some_id: UUID) -> None:
    """The parser skips the checks of UUID, so every attribute must still be the same."""
    found = ids.read_id(str(some_id).upper())
    assert (found, hash(found), repr(found), found.is_safe) == (
        some_id,
        hash(some_id),
        repr(some_id),
        some_id.is_safe,
    )
    assert pickle.loads(pickle.dumps(found)) == copy.copy(found) == some_id


@given(st.integers(0, (1 << 40) - 1))
def test_a_reference_is_the_end_of_its_booking_id(bits: int) -> None:
    booking = ids.make_id(7, unix_ms=ids.EPOCH_MS, random_bits=bits)
    reference = ids.reference_of(booking)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{8}", reference)
    assert ids.parse_reference(reference) == reference
    assert str(booking).endswith(ids.end_of_id(reference)[-8:])
    assert str(booking).replace("-", "").endswith(ids.end_of_id(reference))


@pytest.mark.parametrize("text", ["7K3M01QX", "7k3m01qx", "7K3M-01QX", "7k3m-oiqx", "7K3MOLQX"])
def test_a_reference_is_parsed_in_any_usual_spelling(text: str) -> None:
    assert ids.parse_reference(text) == "7K3M01QX"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7K3M01Q",
        "7K3M01QXX",
        "7K3M01QU",
        "7K3M01Q\u0130",
        "7K-3M01QX",
        "7K3M--01QX",
        " 7K3M01QX",
        "7K3M01Q٣",
    ],
)
def test_other_texts_are_no_references(text: str) -> None:
    assert ids.parse_reference(text) is None
