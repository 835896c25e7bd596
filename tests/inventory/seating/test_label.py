"""Labels and names: one spelling for each seat, and no hidden character in a text."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import InvalidInput
from holdfast.inventory.seating.label import normalise_label, normalise_name

HOSTILE_LABELS = [
    "",
    " ",
    "\t",
    "-A1",
    ".1",
    "A_1",
    "A/1",
    "A;1",
    "A'1",
    "A" * 33,
    "A" + " " * 10_000 + "1",
    "A1\n",
    "\nA1",
    "A1\r\n",
    "A\n1",
    "A1\x00",
    "\x00",
    "A1\x0b",
    "A1\x1c",
    "A1\x85",
    "A1\xa0",
    "A1\u2028",
    "A\u200b1",
    "A1\ufeff",
    "A\xad1",
    "\u202eA1",
    "A1\u202c",
    "\u2066A1\u2069",
    "\u04101",  # Cyrillic
    "\u03911",  # Greek
    "\uff211",  # full-width
    "A\uff11",
    "A\u0661",  # Arabic-Indic
    "A\u00b2",
    "\u017f1",  # long s: upper() makes it S
    "\u01311",  # dotless i: upper() makes it I
    "\u00df1",  # upper() makes it SS
    "\ufb011",
    "\u212a1",  # the Kelvin sign
    "A\u03011",
    "A\ud8001",
    "A💺",
]


@pytest.mark.parametrize(
    ("given_text", "label"),
    [
        ("A1", "A1"),
        (" c5 ", "C5"),
        ("a-3-11", "A-3-11"),
        ("  block   b \t row.1 - 2 ", "BLOCK B ROW.1 - 2"),
        ("0", "0"),
        ("A" * 32, "A" * 32),
        (" " + "a" * 32 + " ", "A" * 32),
        ("A-", "A-"),
    ],
)
def test_a_label_has_one_spelling(given_text: str, label: str) -> None:
    assert normalise_label(given_text) == label


@pytest.mark.parametrize("text", HOSTILE_LABELS, ids=ascii)
def test_a_misleading_label_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise_label(text, pointer="/labels/3")
    assert [error.pointer for error in refused.value.errors] == ["/labels/3"]
    refused.value.detail.encode("ascii")


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, b"A1", ["A1"]])
def test_a_label_must_be_a_string(value: object) -> None:
    for normalise in (normalise_label, normalise_name):
        with pytest.raises(InvalidInput):
            normalise(value)


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text_is_a_label_or_refused(text: str) -> None:
    """Only the allow-list gets through, and a second normalisation changes nothing."""
    try:
        label = normalise_label(text)
    except InvalidInput:
        return
    assert re.fullmatch(r"[A-Z0-9][A-Z0-9 .-]{0,31}", label)
    assert "  " not in label
    assert not label.endswith(" ")
    assert normalise_label(label) == label
    assert text.isascii()


@given(st.from_regex(r"[ \t]{0,3}[A-Za-z0-9][A-Za-z0-9.-]{0,20}[ \t]{0,3}", fullmatch=True))
def test_every_plain_label_is_accepted(text: str) -> None:
    assert normalise_label(text) == text.strip().upper()


@pytest.mark.parametrize(
    "name",
    [
        "Concert",
        " Ærø – «Låt» ",
        "夜の音楽会",
        "👩\u200d🎤 live",
        "<script>alert(1)</script>",
        "é" * 200,
    ],
)
def test_a_name_is_kept_as_given(name: str) -> None:
    assert normalise_name(name) == unicodedata.normalize("NFC", name)


def test_a_name_is_stored_in_one_unicode_form() -> None:
    assert normalise_name("Cafe\u0301") == "Caf\u00e9"
    assert len(normalise_name("e\u0301" * 200)) == 200


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\u3000",
        "a\x00",
        "a\nb",
        "a\x7f",
        "a\ud800",
        "\udfff",
        "a\uffff",
        "\ufdd0",
        "\U0001ffff",
        "\u202ecod.exe",
        "\u2067",
        "x" * 201,
        "x" * 10**6,
        "\u0958" * 150,
    ],
    ids=lambda name: ascii(name[:12]),
)
def test_a_name_with_hidden_characters_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise_name(name, pointer="/name")
    assert refused.value.errors[0].pointer == "/name"
    assert refused.value.errors[0].code == "invalid_text"


@given(st.text(alphabet=st.characters(codec=None), max_size=250))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = normalise_name(text)
    except InvalidInput:
        return
    assert 0 < len(name) <= 200
    assert normalise_name(name) == name
    name.encode("utf-8")
    assert "\x00" not in name


@pytest.mark.parametrize("name", ["Night \U0001fae8", "\U0002ebf0明", "\u0378"])
def test_a_name_may_have_characters_unknown_to_this_python(name: str) -> None:
    """A list of known characters would grow old, and refuse people whose names a newer Unicode can write."""
    assert normalise_name(name) == name
