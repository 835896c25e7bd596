"""Masking replaces each kind of value that differs from run to run, and nothing else."""

from __future__ import annotations

import pytest

from golden.masking import SENT_TIMES, Mask

ONE, TWO = "00000000-0706-8bbc-9b3a-8e0cbe6e3a5d", "00000000-0706-8bbc-9b3a-8e0cbe6e3a5e"
TOKEN = "hfh_7_q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"{ONE} {TWO} {ONE}", "<id 1> <id 2> <id 1>"),
        (f'{ONE} "{ONE.replace("-", "")}.3"', '<id 1> "<id 1>.3"'),
        (TOKEN, "<hold token 1>"),
        ("2026-11-05T12:00:00.123456Z", "<time .6 Z>"),
        ("2026-11-05T12:00:00Z", "<time Z>"),
        ("2026-11-05T12:00:00+00:00", "<time +00:00>"),
        (SENT_TIMES[0], SENT_TIMES[0]),
        ("Sun, 29 Nov 2026 13:57:22 GMT", "<date>"),
        ("</shows?limit=1&cursor=AQ34_-lkjdsfoiuw3298AAAAAAA>", "</shows?limit=1&cursor=<cursor>>"),
        (
            '"7.0" W/"0.1" 1000001 A-1-1 0123456789abcdef0123',
            '"7.0" W/"0.1" 1000001 A-1-1 0123456789abcdef0123',
        ),
    ],
)
def test_each_kind_of_value_is_masked(text: str, masked: str):
    assert Mask().text(text) == masked


def test_members_are_masked_in_their_order():
    masked = Mask().json(
        {"next": "AAAA", "id": ONE, "milliseconds": 3.5, "items": [{"id": ONE, "number": 7}]}
    )
    assert list(masked.items()) == [
        ("next", "<cursor>"),
        ("id", "<id 1>"),
        ("milliseconds", "<duration>"),
        ("items", [{"id": "<id 1>", "number": 7}]),
    ]


def test_a_request_id_from_the_header_is_masked():
    assert Mask().answer_text("4f1c2a90b7d35e680a1f", "4f1c2a90b7d35e680a1f") == "<request id>"
    assert Mask().answer_text("4f1c2a90b7d35e680a1f", "another-request") == "4f1c2a90b7d35e680a1f"
