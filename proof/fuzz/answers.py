"""Answers: the bytes of a server on one connection, read as strictly as RFC 9112 allows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Answer", "Malformed", "read_answers"]

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) ([\t\x20-\x7e]*)")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e]*)")
_DATE = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} 20[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, interim or final."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    @property
    def id(self) -> bytes:
        return b"".join(self.all(b"x-request-id"))

    @property
    def closes(self) -> bool:
        return b"close" in [
            each.strip(b" \t").lower() for each in b",".join(self.all(b"connection")).split(b",")
        ]


class Malformed(Exception):
    """An answer that a strict client must refuse; the message gives the reason.

    `is_cut`: only its end is missing.
    """

    def __init__(self, why: str, *, is_cut: bool = False) -> None:
        super().__init__(why)
        self.is_cut = is_cut


def read_answers(data: bytes, methods: Sequence[bytes]) -> list[Answer]:
    """Return all answers in these bytes, which end at the connection's end.

    `methods` are those of the requests, in order: a final answer to HEAD has no body. `HEAD?` is a HEAD that
    the server may not have read: its answer may have a body.
    """
    found: list[Answer] = []
    finals = 0
    at = 0
    while at < len(data):
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            raise Malformed(f"half a head: {data[at : at + 200]!r}", is_cut=True)
        status_line, *lines = data[at:end].split(b"\r\n")
        at = end + 4
        match = _STATUS_LINE.fullmatch(status_line)
        if match is None:
            raise Malformed(f"not a status line: {status_line[:200]!r}")
        status = int(match[1])
        fields = tuple(map(_field, lines))
        bare = Answer(status=status, fields=fields, body=b"")
        if status < 200:
            if bare.all(b"content-length") or bare.all(b"transfer-encoding"):
                raise Malformed(f"an interim answer with a body: {fields}")
            found.append(bare)
            continue
        method = methods[finals] if finals < len(methods) else b""
        finals += 1
        is_bare = at == len(data) or data.startswith(b"HTTP/1.1 ", at)
        body, at = _body(bare, data, at, is_head=method == b"HEAD" or (method == b"HEAD?" and is_bare))
        _check(bare)
        found.append(Answer(status=status, fields=fields, body=body))
    return found


def _field(line: bytes) -> tuple[bytes, bytes]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise Malformed(f"not a field: {line[:200]!r}")
    return match[1].lower(), match[2].strip(b" \t")


def _body(answer: Answer, data: bytes, at: int, *, is_head: bool) -> tuple[bytes, int]:
    lengths, codings = answer.all(b"content-length"), answer.all(b"transfer-encoding")
    if answer.status == 204 and (lengths or codings):
        raise Malformed("a 204 with a length")
    if answer.status in (204, 304):
        return b"", at
    if len(lengths) + len(codings) != 1:
        raise Malformed(f"{answer.status} with lengths {lengths} and codings {codings}")
    if is_head:
        return b"", at
    if codings:
        raise Malformed(f"an answer in chunks, which no request expects: {answer.fields}")
    if not re.fullmatch(rb"[0-9]{1,18}", lengths[0]):
        raise Malformed(f"not a length: {lengths[0]!r}")
    end = at + int(lengths[0])
    if end > len(data):
        raise Malformed(f"{answer.status} is cut: {len(data) - at} bytes of {lengths[0]!r}", is_cut=True)
    return data[at:end], end


def _check(answer: Answer) -> None:
    """Check the properties of every final answer."""
    dates, ids = answer.all(b"date"), answer.all(b"x-request-id")
    if len(dates) != 1 or not _DATE.fullmatch(dates[0]):
        raise Malformed(f"{answer.status} with dates {dates}")
    if len(ids) != 1 or not re.fullmatch(rb"[A-Za-z0-9._-]{8,64}", ids[0]):
        raise Malformed(f"{answer.status} with request ids {ids}")
    if answer.status == 503 and not answer.all(b"retry-after"):
        raise Malformed("503 without Retry-After")
