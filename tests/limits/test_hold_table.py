"""Hold table: holds by buyer and by number, in a memory of a fixed size that several processes write without a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.limits.hold_table import ROWS, HoldTable

INDEX = 1 << 19


@pytest.fixture
def table() -> HoldTable:
    return HoldTable(None)


def placed(table: HoldTable, buyer: int, hold: int, admissions: int = 1) -> int:
    slot, _ = table.add(buyer, hold, 100.0, 20)
    assert slot is not None
    table.place(slot, hold, 100.0, admissions)
    return slot


def test_a_buyer_with_other_holds_is_noticed_and_nobody_else(table: HoldTable):
    """Others in the same row are no holds of the buyer."""
    assert table.add(5, 1_000, 1.0, 1)[1] is False
    assert table.add(5 + ROWS, 1_001, 1.0, 1)[1] is False
    assert table.add(5, 1_002, 1.0, 1)[1] is True


def test_a_row_is_full_after_32_holds(table: HoldTable):
    slots = [table.add(5 + ROWS * number, 1_000 + number, 1.0, 1)[0] for number in range(32)]
    assert sorted(slot for slot in slots if slot is not None) == list(table.row_of(5))
    assert table.add(5, 99, 1.0, 1)[0] is None
    assert table.add(6, 99, 1.0, 1)[0] is not None
    assert slots[7] is not None
    table.clear(slots[7])
    assert table.add(5, 99, 1.0, 1)[0] == slots[7]


def test_bytes_of_two_neighbours_are_no_free_slot(table: HoldTable):
    """A search looks at bytes. The end of one buyer's number and the beginning of the next may be zeros."""
    buyers = [(number + 1) << 32 for number in range(31)]
    assert len({table.add(buyer, 1_000, 1.0, 1)[0] for buyer in buyers}) == 31
    assert [len(table.slots_of(buyer)) for buyer in buyers] == [1] * 31


@pytest.mark.parametrize("count", [1, 5, 16])
def test_holds_whose_numbers_end_alike_are_found(table: HoldTable, count: int):
    holds = [7 + INDEX * number for number in range(1, count + 1)]
    slots = [placed(table, 5 + number, hold) for number, hold in enumerate(holds)]
    assert [table.find(hold) for hold in holds] == slots
    for number, hold in enumerate(holds):
        taken = table.take(hold)
        if taken is None:  # not in the first place of the index
            assert table.find(hold) == slots[number]
            table.forget(hold)
            table.clear(slots[number])
        else:
            assert taken == (5 + number, False)
        assert table.find(hold) is None
        assert table.take(hold) is None


def test_a_hold_that_ended_unnoticed_gives_its_place_in_the_index_to_another(table: HoldTable):
    """A full index would let holds count until they lapse."""
    ended = [placed(table, 5 + number, 7 + INDEX * number) for number in range(1, 17)]
    for slot in ended:
        table.clear(slot)
    slot = placed(table, 99, 7 + INDEX * 50)
    assert table.find(7 + INDEX * 50) == slot


def test_a_hold_of_two_buyers_is_one(table: HoldTable):
    slots = [table.add(buyer, 77, 100.0, 20)[0] for buyer in (5, 6)]
    assert slots[0] is not None
    assert slots[1] is not None
    table.link(slots[0], slots[1])
    table.place(slots[0], 77, 200.0, 3)
    assert table.find(77) == slots[0]
    assert list(table.slots_from(slots[0], 77)) == slots
    assert [table.get(slot)[2:] for slot in table.slots_from(slots[0], 77)] == [(200.0, 3), (200.0, 3)]
    assert table.take(77) is None, "it has two slots"
    table.set(slots[0], 77, 300.0, 4)
    assert list(table.slots_from(slots[0], 77)) == slots
    table.clear(slots[1])
    table.add(6, 78, 100.0, 1)
    assert list(table.slots_from(slots[0], 77)) == slots[:1], "another hold has the second slot now"


def test_another_workers_hold_is_ended(tmp_path: Path):
    one, other = HoldTable(tmp_path), HoldTable(tmp_path)
    slot = placed(one, 5, 77, 3)
    placed(other, 5, 78)
    assert other.get(slot) == (5, 77, 100.0, 3)
    assert other.take(77) == (5, True)
    assert one.take(77) is None
    assert len(one.slots_of(5)) == 1
