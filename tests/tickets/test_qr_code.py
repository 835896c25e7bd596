"""QR codes: a scanner reads from the picture what the ticket's code says."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from holdfast.tickets.qr_code import QrCode, qr_code
from holdfast.tickets.ticket_codes import TicketCodes, TicketName
from support.printed import scan

CODES = TicketCodes(b"the server key of the tests' pictures")
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
_QUIET = 4
_PIXELS = 3


def drawn(made: QrCode) -> tuple[bytes, int]:
    """Draw the path as a browser does, with a quiet zone. Return the pixels and the width."""
    assert _RUN.sub("", made.path) == ""
    side = made.size + 2 * _QUIET
    modules = [bytearray(b"\xff" * side) for _ in range(side)]
    for x, y, length, back in _RUN.findall(made.path):
        assert length == back
        for at in range(int(x), int(x) + int(length)):
            modules[int(y) + _QUIET][at + _QUIET] = 0
    rows = [b"".join(bytes([module]) * _PIXELS for module in row) for row in modules]
    return b"".join(row for row in rows for _ in range(_PIXELS)), side * _PIXELS


@pytest.mark.parametrize("number", [1, 2, 500, 1_000_000])
def test_a_scanner_reads_the_code(number: int) -> None:
    booking = UUID("00000000-0706-8bbd-82c1-4f00b7c5d110")
    code = CODES.code_of(TicketName(booking_id=booking, number=number, revision=3))
    made = qr_code(code)
    assert made.size == 41
    assert scan(*drawn(made)) == [code]
