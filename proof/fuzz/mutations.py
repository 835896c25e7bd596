"""Mutations: one small defect each, of kinds that HTTP readers are known to interpret differently."""

from __future__ import annotations

import random
import re

__all__ = ["MUTATIONS", "mutate"]

MAX_BYTES = 200_000

_NUMBERS = (
    b"0", b"1", b"2", b"-1", b"+1", b"00", b"0x5", b"5, 5", b"5 5", b" 5", b"5 ", b"1e3", b"", b"5;", b"\xb2",
    b"0000000000000005", b"65536", b"65537", b"2147483648", b"4294967296", b"9223372036854775808",
    b"18446744073709551616", b"999999999999999999", b"1000000000000000000",
    b"f", b"F", b"fffffffffffffffff", b"10000000000000000",
)  # fmt: skip
_ENDS = (
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r\n",
    b"\r\n ",
    b"\r\n\t",
    b"\r\n\r\n",
    b" \r\n",
    b"\x0b\r\n",
    b"\x00\r\n",
    b"\xc2\x85",
)
_BYTES = (0, 9, 10, 11, 12, 13, 32, 34, 35, 44, 48, 58, 59, 64, 127, 128, 160, 255)
_LINES = (
    b"Content-Length: 5",
    b"Content-Length: 0",
    b"Content-Length : 5",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding:chunked, chunked",
    b"Transfer_Encoding: chunked",
    b"Host: elsewhere.example",
    b"Host: a b/c?d@e",
    b"Upgrade: h2c",
    b"Connection: Upgrade, HTTP2-Settings",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Expect: 100-continue",
    b"Expect: 100-continue, 100-continue",
    b"Trailer: X-Checksum",
    b"TE: trailers",
    b" folded",
    b": nothing",
    b"0",
    b"",
)
_TAILS = (
    b"\r\n",
    b"\r\n" * 40,
    b"0\r\n\r\n",
    b"GET /healthz\r\n\r\n",
    b"GET / HTTP/0.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 100,
    b"G",
    b"GET /healthz HTTP/1.1\r\nHost: loc",
    b"POST /v1/holds HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
)


def mutate(chance: random.Random, data: bytes) -> bytes:
    """Return the bytes with one defect, cut to at most 200,000."""
    return chance.choice(MUTATIONS)(chance, data)[:MAX_BYTES] if data else data


def _flip(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    changed = chance.choice((data[at] ^ (1 << chance.randrange(8)), chance.choice(_BYTES)))
    return data[:at] + bytes([changed]) + data[at + 1 :]


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + bytes([chance.choice(_BYTES)]) + data[at:]


def _delete(chance: random.Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.choice((1, 1, 1, 2, 10)) :]


def _repeat(chance: random.Random, data: bytes) -> bytes:
    """Repeat a stretch, sometimes often enough to exceed a limit."""
    at = chance.randrange(len(data))
    size = chance.choice((1, 1, 2, 8, 40))
    times = chance.choice((1, 1, 2, 30, 200))
    return data[:at] + data[at : at + size] * times + data[at:]


def _line(chance: random.Random, data: bytes) -> bytes:
    """Add, drop, repeat or swap a line."""
    lines = data.split(b"\r\n")
    at = chance.randrange(len(lines))
    way = chance.choice(("add", "add", "add", "drop", "twice", "swap"))
    if way == "add":
        lines.insert(at, chance.choice(_LINES))
    elif way == "drop":
        del lines[at]
    elif way == "twice":
        lines.insert(at, lines[at])
    else:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    return b"\r\n".join(lines)


def _line_end(chance: random.Random, data: bytes) -> bytes:
    found = _one(chance, rb"\r\n", data)
    return data if found is None else data[: found.start()] + chance.choice(_ENDS) + data[found.end() :]


def _number(chance: random.Random, data: bytes) -> bytes:
    """Change a length, the size of a chunk, or any other number."""
    pattern = chance.choice(
        (
            rb"(?<=Content-Length: )[0-9]{1,20}",
            rb"(?<=\r\n)[0-9a-f]{1,20}(?=[\r;])",
            rb"[0-9]{1,20}",
            rb"(?<=HTTP/)[0-9.]{1,20}",
        )
    )
    found = _one(chance, pattern, data)
    if found is None:
        return data
    near = b"%d" % max(0, int(found[0]) + chance.choice((-2, -1, 1, 2))) if found[0].isdigit() else b"3"
    return data[: found.start()] + chance.choice((near, chance.choice(_NUMBERS))) + data[found.end() :]


def _field_name(chance: random.Random, data: bytes) -> bytes:
    """Change a field name's case, or add a blank or an underscore."""
    found = _one(chance, rb"(?<=\r\n)[A-Za-z-]+(?=:)", data)
    if found is None:
        return data
    name = found[0]
    changed = chance.choice(
        (name.upper(), name.lower(), name.swapcase(), name + b" ", b" " + name, name.replace(b"-", b"_"), b"")
    )
    return data[: found.start()] + changed + data[found.end() :]


def _value(chance: random.Random, data: bytes) -> bytes:
    """Change a field's value with blanks, controls or a list."""
    found = _one(chance, rb"(?<=: )[^\r\n]+(?=\r\n)", data)
    if found is None:
        return data
    value = found[0]
    changed = chance.choice(
        (b"\t" + value + b" ", value + b"," + value, value + b",", b"," + value, value.upper(), b"", b"\x7f" + value,
         b'"' + value + b'"', value + b"\x00", b"\xff" + value, value + b" x")
    )  # fmt: skip
    return data[: found.start()] + changed + data[found.end() :]


def _request_line(chance: random.Random, data: bytes) -> bytes:
    """Change the version, the form of the target, or the blanks."""
    found = _one(chance, rb"([A-Z]+) (\S+) HTTP/1\.[01]", data)
    if found is None:
        return data
    method, target = found[1], found[2]
    changed = chance.choice(
        (
            method + b" " + target,
            method + b" " + target + b" HTTP/1.2",
            method + b" " + target + b" HTTP/2.0",
            method + b" " + target + b" http/1.1",
            method + b"  " + target + b" HTTP/1.1",
            method + b" " + target + b"  HTTP/1.1",
            method + b"\t" + target + b" HTTP/1.1",
            method + b" " + target + b" HTTP/1.1 ",
            method + b" " + target + b"#x HTTP/1.1",
            method + b" http://elsewhere.example" + target + b" HTTP/1.1",
            method + b" https://127.0.0.1" + target + b" HTTP/1.1",
            method + b" * HTTP/1.1",
            method + b" " + target + b"\xc3\xa4 HTTP/1.1",
            method.lower() + b" " + target + b" HTTP/1.1",
            b"HEAD " + target + b" HTTP/1.1",
            b"CONNECT " + target + b" HTTP/1.1",
            method + b" /" + b"a" * chance.choice((8_000, 8_191, 8_192, 20_000)) + b" HTTP/1.1",
        )
    )
    return data[: found.start()] + changed + data[found.end() :]


def _splice(chance: random.Random, data: bytes) -> bytes:
    """Join a beginning of the bytes to an end."""
    return data[: _place(chance, data)] + data[_place(chance, data) :]


def _truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: _place(chance, data)]


def _tail(chance: random.Random, data: bytes) -> bytes:
    return data + chance.choice((*_TAILS, chance.randbytes(chance.choice((1, 20, 300)))))


def _run(chance: random.Random, data: bytes) -> bytes:
    """Insert a long repetition that exceeds a limit."""
    at = _place(chance, data)
    unit = chance.choice(
        (b"a", b" ", b"\r\n", b"a:b\r\n", b"X-A: b\r\n", b"1\r\nx\r\n", b"0", b";a=b", b"\x00", b"a, ")
    )
    return data[:at] + unit * (chance.choice((20, 100, 8_200, 40_000, 150_000)) // len(unit) + 1) + data[at:]


MUTATIONS = (
    _flip, _flip, _insert, _delete, _repeat, _line, _line, _line_end, _line_end, _number, _number, _number, _field_name,
    _value, _value, _request_line, _splice, _truncate, _tail, _run,
)  # fmt: skip


def _place(chance: random.Random, data: bytes) -> int:
    """Return a random position, often at the end of a line, where most rules apply."""
    found = _one(chance, rb"\r\n", data) if chance.random() < 0.6 else None
    return chance.randrange(len(data) + 1) if found is None else chance.choice((found.start(), found.end()))


def _one(chance: random.Random, pattern: bytes, data: bytes) -> re.Match[bytes] | None:
    found = list(re.finditer(pattern, data))
    return chance.choice(found) if found else None
