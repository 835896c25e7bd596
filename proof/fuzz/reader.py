"""Reader: finds the requests in some bytes, and the first error, by RFC 9112 alone.

It is strict, small and slow, and shares no line with the product. It accepts whatever the RFC leaves open. A
server may refuse more than this reader, but must never accept more, or find a request at another place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Fault", "Reading", "Request", "read_requests"]

MAX_EMPTY_BYTES = 64
MAX_TARGET_BYTES = 8 * 1024
MAX_FIELD_BYTES = 8 * 1024
MAX_FIELDS_BYTES = 32 * 1024
MAX_FIELDS = 100
MAX_BESIDE_CHUNKS_BYTES = 8 * 1024
"""The limit for extensions and trailers of one body, with their line ends."""

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/(1\.[01])")
"""RFC 9112, section 3. A recipient may accept several blanks as one; ours does not."""
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})([ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_HOST = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+\]|\[[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+\]"
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
_OWN_ID = re.compile(rb"x-request-id[ \t]*:[ \t]*([A-Za-z0-9._-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One complete request. `closes`: no request can follow it. `is_over_limits`: its head is too long."""

    start: int
    end: int
    method: bytes
    target: bytes
    version: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    closes: bool
    head_bytes: int
    is_over_limits: bool
    expects: bytes = b""

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    @property
    def ids(self) -> set[bytes]:
        return set(self.all(b"x-request-id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why the bytes from `start` are no complete request. `at` is the position of the first error."""

    start: int
    at: int
    where: str
    """`empty lines`, `head` or `body`; before a broken body the head was correct."""
    is_error: bool
    """False if more bytes could complete the request."""
    why: str
    method: bytes
    ids: frozenset[bytes]
    head_bytes: int
    expects: bytes = b""


@dataclass(slots=True, kw_only=True)
class Reading:
    """`fault` is None if the bytes end with a request, or if the last one closes the connection."""

    requests: list[Request] = field(default_factory=list)
    fault: Fault | None = None


class _Wrong(Exception):
    def __init__(self, at: int, why: str, *, is_error: bool = True) -> None:
        super().__init__(why)
        self.at = at
        self.is_error = is_error


def read_requests(data: bytes) -> Reading:
    """Return all that a server may find in these bytes of one connection."""
    reading = Reading()
    at = 0
    while True:
        start = at
        while start < len(data) and data[start] in b"\r\n":
            start += 1
        if start - at > MAX_EMPTY_BYTES:
            reading.fault = _fault(data, at, _Wrong(at, "too many empty lines"), "empty lines")
            return reading
        if start == len(data):
            return reading
        try:
            method, target, version, fields, body_at = _head(data, start)
        except _Wrong as wrong:
            reading.fault = _fault(data, start, wrong, "head")
            return reading
        expects = b"" if version == b"1.0" else _expectation(fields)
        try:
            body, at = _body(data, body_at, fields)
        except _Wrong as wrong:
            reading.fault = _fault(data, start, wrong, "body", expects)
            return reading
        options = [each.strip(b" \t").lower() for each in b",".join(_all(fields, b"connection")).split(b",")]
        request = Request(
            start=start,
            end=at,
            method=method,
            target=target,
            version=version,
            fields=fields,
            body=body,
            closes=b"close" in options
            or version == b"1.0"
            or method == b"CONNECT"
            or expects not in (b"", b"100-continue"),
            head_bytes=body_at - start,
            is_over_limits=len(target) > MAX_TARGET_BYTES or _is_too_long(fields),
            expects=expects,
        )
        reading.requests.append(request)
        if request.closes:
            return reading


def _head(data: bytes, start: int) -> tuple[bytes, bytes, bytes, tuple[tuple[bytes, bytes], ...], int]:
    line, at = _line(data, start)
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise _Wrong(start, "not a request line")
    method, target, version = found.groups()
    fields, at = _fields(data, at)
    _check_target(method, target, fields, start)
    hosts = _all(fields, b"host")
    if len(hosts) > 1 or (not hosts and version == b"1.1"):
        raise _Wrong(at, f"{len(hosts)} Hosts")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise _Wrong(at, "not a host")
    _check_framing(fields, version, at)
    return method, target, version, fields, at


def _check_target(method: bytes, target: bytes, fields: tuple[tuple[bytes, bytes], ...], at: int) -> None:
    if b"#" in target:
        raise _Wrong(at, "a fragment in the target")
    if method == b"CONNECT" or target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return
    if not target.lower().startswith(b"http://"):
        raise _Wrong(at, "not a target")
    authority = re.split(rb"[/?]", target[7:], maxsplit=1)[0]
    hosts = _all(fields, b"host")
    if not authority or not _HOST.fullmatch(authority):
        raise _Wrong(at, "no authority in the target")
    if hosts and _normal(authority) != _normal(hosts[0]):
        raise _Wrong(at, "a target of another host")


def _check_framing(fields: tuple[tuple[bytes, bytes], ...], version: bytes, at: int) -> None:
    lengths, codings = _all(fields, b"content-length"), _all(fields, b"transfer-encoding")
    if codings and (lengths or version == b"1.0" or [each.lower() for each in codings] != [b"chunked"]):
        raise _Wrong(at, "a transfer coding that is not understood, or not alone")
    if len(lengths) > 1 or (lengths and not _LENGTH.fullmatch(lengths[0])):
        raise _Wrong(at, "not one length")


def _body(data: bytes, at: int, fields: tuple[tuple[bytes, bytes], ...]) -> tuple[bytes, int]:
    if _all(fields, b"transfer-encoding"):
        return _chunks(data, at)
    lengths = _all(fields, b"content-length")
    end = at + (int(lengths[0]) if lengths else 0)
    if end > len(data):
        raise _Wrong(len(data), "half a body", is_error=False)
    return data[at:end], end


def _chunks(data: bytes, at: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    beside = 0
    while True:
        line, after = _line(data, at)
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise _Wrong(at, "not the size of a chunk")
        beside += len(found[2] or b"")
        if beside > MAX_BESIDE_CHUNKS_BYTES:
            raise _Wrong(at, "long extensions of chunks")
        size = int(found[1], 16)
        if size == 0:
            _, end = _fields(data, after, beside=beside)
            return b"".join(parts), end
        parts.append(data[after : after + size])
        at = after + size
        if at + 2 > len(data) and b"\r\n".startswith(data[at:]):
            raise _Wrong(len(data), "half a chunk", is_error=False)
        if data[at : at + 2] != b"\r\n":
            raise _Wrong(at, "a chunk that is longer than its size")
        at += 2


def _fields(data: bytes, at: int, beside: int | None = None) -> tuple[tuple[tuple[bytes, bytes], ...], int]:
    """Read up to the empty line. With `beside` these are trailers, and only their bytes count."""
    found: list[tuple[bytes, bytes]] = []
    total = beside or 0
    while True:
        line, after = _line(data, at)
        if not line:
            return tuple(found), after
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise _Wrong(at, "not a field")
        value = value.strip(b" \t")
        total += len(line) + 2
        if beside is not None and total > MAX_BESIDE_CHUNKS_BYTES:
            raise _Wrong(at, "long trailers")
        found.append((name.lower(), value))
        at = after


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """Read up to CR LF. A line feed alone is an error at once, a return alone is an error of its line."""
    end = data.find(b"\n", at)
    if end < 0:
        raise _Wrong(len(data), "half a line", is_error=False)
    if end == at or data[end - 1] != 0x0D:
        raise _Wrong(end, "a line feed alone")
    return data[at : end - 1], end + 1


def _fault(data: bytes, start: int, wrong: _Wrong, where: str, expects: bytes = b"") -> Fault:
    head_end = data.find(b"\r\n\r\n", start)
    head = data[start : head_end if head_end >= 0 else len(data)]
    return Fault(
        start=start,
        at=wrong.at,
        where=where,
        is_error=wrong.is_error,
        why=str(wrong),
        method=head.split(b" ", 1)[0],
        ids=frozenset(_OWN_ID.findall(head)),
        head_bytes=len(head),
        expects=expects,
    )


def _expectation(fields: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Return nothing, `100-continue`, or an unknown expectation."""
    each = {one.strip(b" \t").lower() for one in b",".join(_all(fields, b"expect")).split(b",")} - {b""}
    return b", ".join(sorted(each))


def _is_too_long(fields: tuple[tuple[bytes, bytes], ...]) -> bool:
    sizes = [len(name) + len(value) for name, value in fields]
    return len(sizes) > MAX_FIELDS or sum(sizes) > MAX_FIELDS_BYTES or max(sizes, default=0) > MAX_FIELD_BYTES


def _all(fields: tuple[tuple[bytes, bytes], ...], name: bytes) -> list[bytes]:
    return [value for key, value in fields if key == name]


def _normal(authority: bytes) -> bytes:
    return re.sub(rb":(?:80)?$", b"", authority.lower())
