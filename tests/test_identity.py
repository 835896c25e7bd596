"""The normal form of a buyer's name: what is one person, and what stays two.

The kind is "identity by raw text". Its members here are the limit per buyer, a repeated reservation, the buyer of a
confirmation, a list by buyer and the address of an account. They were found by every comparison of `buyer` and
`email` in `src`. Seat labels and area names have normal forms of their own (`seating/label.py`).
"""

from __future__ import annotations

import sys
import unicodedata

import pytest

from holdfast.identity import identity_of


@pytest.mark.parametrize(
    "spelling",
    [
        "ADA Lovelace",
        " ada lovelace ",
        "ada  \t lovelace",
        "ada\u00a0lovelace",
        "ada\u3000lovelace",
        "ａｄａ lovelace",
        "a\u200bda lovelace\u200d",
        "\ufeffada lovelace",
        "ada\u00ad lovelace\u2060",
        "ada\ufe0f love\U000e0101lace",
        "a\u034fda \U000e0061lovelace\u115f",
        "ada lovelace\u2800 \u3164",
        "\x0bada\x1flovelace",
    ],
)
def test_another_spelling_is_the_same_person(spelling: str) -> None:
    assert identity_of(spelling) == "ada lovelace"


@pytest.mark.parametrize(
    ("one", "other"),
    [("STRASSE", "straße"), ("é", "e\u0301"), ("ﬁn", "fin"), ("Σας", "ΣΑΣ"), ("K", "\u212a"), ("10", "１０")],
)
def test_equal_by_unicode_s_own_rules(one: str, other: str) -> None:
    assert identity_of(one) == identity_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada", "аda"), ("ada b", "adab"), ("e", "é"), ("o", "0"), ("a-b", "ab"), ("a.b@x.org", "ab@x.org")],
)
def test_another_name_is_another_person(one: str, other: str) -> None:
    assert identity_of(one) != identity_of(other)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u2800\u3164", "\ufe0f\u034f", "\u00a0\u00ad"])
def test_text_that_shows_nothing_is_nobody(text: str) -> None:
    assert not identity_of(text)


def test_form_of_every_character_is_its_own_form() -> None:
    """And what Unicode calls a format character or a control is gone, but for white space."""
    for code in range(sys.maxunicode + 1):
        if 0xD800 <= code <= 0xDFFF:
            continue
        form = identity_of(f"a{chr(code)}b")
        assert identity_of(form) == form, hex(code)
        if unicodedata.category(chr(code)) == "Cf":
            assert form == "ab", hex(code)
