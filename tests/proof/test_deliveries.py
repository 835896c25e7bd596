"""C8 on histories written by hand: each way to break a delivery is accused, and a correct history is not."""

from __future__ import annotations

import pytest

from proof.checker.notices import Receipt, check_notices

JOURNAL = [(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 0, 0)]


def receipt(place: tuple[int, int, int], id: str = "", content: bytes = b"{}") -> Receipt:
    return Receipt(receiver="shop", id=id or str(place), place=place, content=content)


def accused(*receipts: Receipt) -> list[str]:
    found: list[str] = []
    check_notices(JOURNAL, {"shop": receipts}, lambda _receiver, detail: found.append(detail))
    return found


WHOLE = [receipt(place) for place in JOURNAL]


def test_copies_in_any_order_are_no_fault() -> None:
    counts = check_notices(JOURNAL, {"shop": [*WHOLE[::-1], *WHOLE]}, lambda *_: pytest.fail("accused"))
    assert counts == {"notices": 4, "copies": 4}


def test_a_receiver_without_any_notice_is_seen() -> None:
    assert len(accused()) == len(JOURNAL)


@pytest.mark.parametrize(
    ("receipts", "detail"),
    [
        (WHOLE[:2] + WHOLE[3:], "the notice of (1, 1, 1) never arrived"),
        ([*WHOLE, receipt((9, 0, 0))], "a notice of (9, 0, 0) arrived, which the journal does not have"),
        ([*WHOLE, receipt(JOURNAL[0], "another")], "the notice of (1, 0, 0) came with the ids"),
        ([*WHOLE[1:], receipt(JOURNAL[0], "(2, 0, 0)")], "the id (2, 0, 0) came for"),
        ([*WHOLE, receipt(JOURNAL[0], content=b"[]")], "the notice (1, 0, 0) came with different contents"),
    ],
)
def test_a_broken_delivery_is_accused(receipts: list[Receipt], detail: str) -> None:
    (found,) = accused(*receipts)
    assert found.startswith(detail)
