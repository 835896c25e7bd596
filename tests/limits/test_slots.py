"""Slots: a table of a fixed size that several processes write without a lock."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from holdfast.limits.slots import Slots

FORM = struct.Struct("=Id")


@pytest.fixture
def slots() -> Slots:
    return Slots(None, FORM, rows=4)


def test_a_key_has_several_values(slots: Slots):
    for number in range(3):
        slots.put(9, number, float(number))
    slots.put(13, 7, 7.0)  # the same row
    assert sorted(slots.get(slot) for slot in slots.find_all(9)) == [(0, 0.0), (1, 1.0), (2, 2.0)]
    for slot in slots.find_all(9):
        slots.clear(slot)
    assert list(slots.find_all(9)) == []
    assert [slots.get(slot) for slot in slots.find_all(13)] == [(7, 7.0)]


def test_a_row_is_full_after_32_values(slots: Slots):
    taken = [slots.put(9 + 4 * number, number, 0.0) for number in range(32)]
    assert sorted(slot for slot in taken if slot is not None) == list(slots.row_of(9))
    assert slots.put(9, 99, 0.0) is None
    assert slots.put(10, 99, 0.0) is not None
    assert taken[5] is not None
    slots.clear(taken[5])
    assert slots.put(9, 99, 0.0) == taken[5]


def test_bytes_of_two_neighbours_are_no_key(slots: Slots):
    """A search looks at bytes. The end of one key and the beginning of the next may look like a third."""
    first, second = 0x1111_1111_0000_0001, 0x0000_0005_2222_2222
    across = (second & 0xFFFF_FFFF) << 32 | first >> 32
    for key in (first, second - second % 4 + first % 4, first, second):
        slots.put(key, 1, 1.0)
    assert list(slots.find_all(across)) == []
    slots.put(0x0100_0000_0000_0000, 2, 2.0)  # its bytes have seven zeros, like most of a free slot
    assert [slots.get(slot) for slot in slots.find_all(0x0100_0000_0000_0000)] == [(2, 2.0)]


def test_processes_share_a_file(tmp_path: Path):
    one, other = (Slots(tmp_path / "slots", FORM, rows=4) for _ in range(2))
    slot = one.put(9, 1, 1.0)
    assert slot is not None
    assert list(other.find_all(9)) == [slot]
    other.clear(slot)
    assert list(one.find_all(9)) == []
