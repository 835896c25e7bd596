"""Ticket codes: what is signed is read, and nothing else is."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as some

from holdfast.tickets.base45 import decode_base45, encode_base45
from holdfast.tickets.ticket_codes import MAX_CODE_LENGTH, TicketCodes, TicketName

CODES = TicketCodes(b"the server key of the tests' tickets")
NAME = TicketName(booking_id=UUID("00000000-0706-8bbd-82c1-4f00b7c5d110"), number=3, revision=1)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@given(some.uuids(), some.integers(1, 1_000_000), some.integers(0, 2**31 - 1))
def test_a_code_reads_as_its_ticket(booking: UUID, number: int, revision: int) -> None:
    """It fits a QR code of 41 by 41 modules (version 6, level M: 154 characters), and no blank ends it."""
    name = TicketName(booking_id=booking, number=number, revision=revision)
    code = CODES.code_of(name)
    assert CODES.read(code) == name
    assert len(code) == MAX_CODE_LENGTH <= 154
    assert set(code) <= set(ALPHABET)
    assert code == code.strip()


def test_servers_with_one_key_make_the_same_code() -> None:
    same = TicketCodes(b"the server key of the tests' tickets")
    assert same.code_of(NAME) == CODES.code_of(NAME)


def test_the_code_of_another_server_is_unknown() -> None:
    assert TicketCodes(b"another server's key, of another house").read(CODES.code_of(NAME)) is None


def test_every_changed_character_makes_a_code_unknown() -> None:
    code = CODES.code_of(NAME)
    for at, character in enumerate(code):
        for other in ALPHABET:
            if other != character:
                assert CODES.read(code[:at] + other + code[at + 1 :]) is None, (at, other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HF1",
        "HF1" + "0" * 135,
        "HF1" + ":" * 135,
        "HF2" + "0" * 135,
        "é" * 138,
        "HF1" + "\0" * 135,
        " " * 138,
    ],
    ids=["empty", "prefix", "zeros", "too large numbers", "another version", "no ASCII", "NUL", "blanks"],
)
def test_any_other_text_is_unknown(text: str) -> None:
    assert CODES.read(text) is None


def test_a_longer_or_shorter_code_is_unknown() -> None:
    code = CODES.code_of(NAME)
    for other in (code + "000", code[:-3], code + " ", " " + code, code.lower(), code + code):
        assert CODES.read(other) is None


def test_the_public_key_verifies_a_code_without_the_server() -> None:
    """As docs/reference/tickets.md describes it to the makers of door programs."""
    (key,) = CODES.public_keys()["keys"]
    content = decode_base45(CODES.code_of(NAME)[3:])
    assert content is not None
    signed, signature = content[:26], content[26:]
    public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "=="))
    public.verify(signature, b"HF1" + signed)
    assert signed[:3].hex() == key["kid"]
    assert signed[3:19] == NAME.booking_id.bytes
    assert int.from_bytes(signed[3:8], "big") == 7  # the event's number
    assert (int.from_bytes(signed[19:22], "big"), int.from_bytes(signed[22:], "big")) == (3, 1)


class TestBase45:
    """RFC 9285. Its other examples have an odd number of bytes, which no code has."""

    @pytest.mark.parametrize(("content", "text"), [(b"AB", "BB8"), (b"ietf", "QED8WE"), (b"", "")])
    def test_the_examples_of_the_standard(self, content: bytes, text: str) -> None:
        assert encode_base45(content) == text
        assert decode_base45(text) == content

    @given(some.binary().filter(lambda content: len(content) % 2 == 0))
    def test_bytes_come_back(self, content: bytes) -> None:
        assert decode_base45(encode_base45(content)) == content

    @pytest.mark.parametrize("text", ["A", "AB", ":::", "GGW0", "ab0", "é00"])
    def test_other_texts_have_no_bytes(self, text: str) -> None:
        assert decode_base45(text) is None
