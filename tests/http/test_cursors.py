"""Cursors: a list continues only at a signed position, with its original filters."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import InvalidInput
from holdfast.http.cursors import Cursors

ROUTE = "/v1/events"
FILTERS = {"status": "published", "text": None}
cursors = Cursors(b"k" * 32)


@given(
    position=st.lists(
        st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.none(), max_size=4
    )
)
def test_a_cursor_opens_at_its_position(position: list[object]):
    signed = cursors.sign(ROUTE, FILTERS, position)
    assert signed.isascii()
    assert "=" not in signed
    assert cursors.open(signed, ROUTE, FILTERS) == position


def test_an_unset_filter_is_ignored():
    assert cursors.open(cursors.sign(ROUTE, {"status": "published"}, [7]), ROUTE, FILTERS) == [7]


def _flipped(signed: str, at: int) -> str:
    raw = bytearray(urlsafe_b64decode(signed + "=" * (-len(signed) % 4)))
    raw[at] ^= 1
    return urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()


def test_every_flipped_bit_is_noticed():
    signed = cursors.sign(ROUTE, FILTERS, [7])
    for at in range(len(signed) * 3 // 4):
        with pytest.raises(InvalidInput):
            cursors.open(_flipped(signed, at), ROUTE, FILTERS)


@pytest.mark.parametrize(
    ("route", "filters", "key"),
    [
        ("/v1/bookings", FILTERS, b"k" * 32),
        (ROUTE, {"status": "draft"}, b"k" * 32),
        (ROUTE, {}, b"k" * 32),
        (ROUTE, FILTERS, b"x" * 32),
    ],
    ids=["another route", "another filter", "no filter", "another server's key"],
)
def test_a_cursor_belongs_to_its_list(route: str, filters: dict[str, str], key: bytes):
    signed = Cursors(key).sign(route, filters, [7])
    with pytest.raises(InvalidInput) as refused:
        cursors.open(signed, ROUTE, FILTERS)
    assert refused.value.errors[0].pointer == "?cursor"


@given(cursor=st.text(max_size=100))
def test_an_invalid_cursor_is_refused(cursor: str):
    with pytest.raises(InvalidInput):
        cursors.open(cursor, ROUTE, FILTERS)
