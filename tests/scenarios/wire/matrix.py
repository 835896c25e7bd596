"""The matrix: requests whose body is itself a request, and what may follow them on a connection."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from scenarios.wire.raw import Answer

__all__ = [
    "BEHIND",
    "BODIES",
    "CLOSE",
    "FRAMINGS",
    "Place",
    "Row",
    "Sent",
    "judge",
    "pieces",
    "rows",
    "shorten",
]

CLOSE = b"Connection: close\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The hosts and events that the rows name."""

    host: bytes
    """The Host of each request."""
    inner_host: bytes
    """The Host of a request in a body. In open mode it means a program on this machine."""
    sold: int
    """The event in which rows with `hold` place one admission."""
    marks: tuple[int, ...]
    """Events that the requests behind read. Their numbers identify each answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request and its right answer. Without a `body`, its body is a request."""

    line: bytes
    statuses: tuple[int, ...]
    headers: bytes = b""
    body: str | None = None
    size: int = 0
    reads_body: bool = False
    closes: bool = False

    @property
    def method(self) -> bytes:
        return self.line.split(b" ")[0]


_JSON = b"Content-Type: application/json\r\n"
_UNKNOWN_KEY = b"Authorization: Bearer hfk_abcd1234_%s\r\n" % (b"0" * 43)

REQUESTS = {
    "hold": Request(
        line=b"POST /v1/holds",
        statuses=(201,),
        headers=_JSON,
        body='{"event":%d,"lines":[{"quantity":1}]}\r\n\r\n',
        reads_body=True,
    ),
    "not JSON": Request(line=b"POST /v1/holds", statuses=(400,), headers=_JSON, reads_body=True),
    "wrong fields": Request(
        line=b"POST /v1/holds", statuses=(422,), headers=_JSON, body='{"event":%d}\r\n\r\n', reads_body=True
    ),
    "GET": Request(line=b"GET /healthz", statuses=(200,), headers=_JSON, reads_body=True),
    "HEAD": Request(line=b"HEAD /healthz", statuses=(200,), headers=_JSON, reads_body=True),
    "404": Request(line=b"POST /nothing", statuses=(404,)),
    "401": Request(line=b"POST /v1/events", statuses=(401,), headers=_JSON + _UNKNOWN_KEY),
    "405": Request(line=b"POST /healthz", statuses=(405,)),
    "415": Request(line=b"POST /v1/holds", statuses=(415,), headers=b"Content-Type: text/plain\r\n"),
    "413": Request(line=b"POST /v1/holds", statuses=(413,), headers=_JSON, size=70_000, closes=True),
    "CONNECT": Request(line=b"CONNECT localhost:22", statuses=(400, 404, 405), closes=True),
}

OFFERS = {
    "plain": b"",
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "TLS/1.0": b"Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
    "invented": b"Connection: Upgrade\r\nUpgrade: holdfast-9\r\n",
    "list": b"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
    "expect": b"Expect: 100-continue\r\n",
}
"""Headers that a request may add. None of them changes where the request ends."""

FRAMINGS = ("length", "chunked", "chunked with extras")
BEHIND = ("request", "nothing", "rubbish")
BODIES = ("whole", "unfinished")
RUBBISH = b"\x16\x03\x01 rubbish\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One combination. `number` makes its ids and names unique."""

    number: int
    request: str
    offer: str
    framing: str
    body: str
    behind: str

    def __str__(self) -> str:
        return f"{self.request}, {self.offer}, {self.framing}, {self.body} body, {self.behind} behind"

    @property
    def wanted(self) -> Request:
        return REQUESTS[self.request]

    @property
    def is_early(self) -> bool:
        """Whether the answer needs no byte of the body."""
        wanted = self.wanted
        return not wanted.reads_body and not (wanted.size and self.framing != "length")

    @property
    def waits_for_an_answer(self) -> bool:
        """Whether an answer, perhaps an interim one, comes before the first byte of the body."""
        return self.is_early or (self.offer == "expect" and self.wanted.reads_body)

    @property
    def closes(self) -> bool:
        """Whether the answer is the connection's last one."""
        return self.wanted.closes or (self.offer == "expect" and not self.wanted.reads_body)

    @property
    def own_id(self) -> bytes:
        return b"row-%05d-own" % self.number

    @property
    def behind_id(self) -> bytes:
        return b"row-%05d-behind" % self.number

    @property
    def smuggled_id(self) -> bytes:
        return b"row-%05d-smuggled" % self.number

    def mark(self, place: Place) -> int:
        return place.marks[self.number % len(place.marks)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The bytes of a row."""

    head: bytes
    body: bytes
    behind: bytes

    @property
    def whole(self) -> bytes:
        return self.head + self.body + self.behind


def rows(
    *, framings: Sequence[str] = FRAMINGS, bodies: Sequence[str] | None = BODIES, first: int = 0
) -> Iterator[Row]:
    """Yield every combination. If `bodies` is None, the kinds of body alternate."""
    number = first
    for request, offer, framing, behind in product(REQUESTS, OFFERS, framings, BEHIND):
        if request == "CONNECT" and offer != "plain":
            continue
        has_own = REQUESTS[request].body is not None
        for body in ("own",) if has_own else bodies or (BODIES[number % len(BODIES)],):
            yield Row(number=number, request=request, offer=offer, framing=framing, body=body, behind=behind)
            number += 1


def pieces(row: Row, place: Place) -> Sent:
    wanted = row.wanted
    content = _content(row, place)
    if row.framing == "length":
        framing, body = b"Content-Length: %d\r\n" % len(content), content
    else:
        framing, body = b"Transfer-Encoding: chunked\r\n", _chunks(row, content)
    head = b"%s HTTP/1.1\r\nHost: %s\r\nX-Request-Id: %s\r\n" % (wanted.line, place.host, row.own_id)
    head += wanted.headers + OFFERS[row.offer] + framing + b"\r\n"
    return Sent(head=head, body=body, behind=_behind(row, place))


def _content(row: Row, place: Place) -> bytes:
    wanted = row.wanted
    if wanted.body is not None:
        return (wanted.body % place.sold).encode()
    event = json.dumps({"name": f"smuggled-{row.number}", "capacity": 1}).encode()
    common = b"Host: %s\r\nX-Request-Id: %s\r\n" % (place.inner_host, row.smuggled_id)
    unfinished = b"GET /openapi.json HTTP/1.1\r\n" + common
    if row.body == "unfinished":
        made = unfinished + b"X-Swallow: "
    else:
        made = b"POST /v1/events HTTP/1.1\r\n" + common + _JSON
        made += b"Content-Length: %d\r\n\r\n" % len(event) + event + unfinished + b"\r\n"
    return made * (wanted.size // len(made) + 1)


def _chunks(row: Row, content: bytes) -> bytes:
    """Return two chunks, with a boundary in the middle. Extras are an extension and trailers."""
    cut = len(content) // 2
    extension = b';next="GET /openapi.json"' if row.framing == "chunked with extras" else b""
    trailers = b"X-Request-Id: %s\r\nContent-Length: 9\r\n" % row.smuggled_id if extension else b""
    made = b"".join(
        b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in (content[:cut], content[cut:])
    )
    return made + b"0\r\n" + trailers + b"\r\n"


def _behind(row: Row, place: Place) -> bytes:
    if row.behind == "request":
        line = b"GET /v1/events/%d HTTP/1.1\r\n" % row.mark(place)
        return line + b"Host: %s\r\nX-Request-Id: %s\r\n" % (place.host, row.behind_id) + CLOSE + b"\r\n"
    return RUBBISH if row.behind == "rubbish" else b""


def judge(
    row: Row, place: Place, answers: Sequence[Answer], *, in_one: bool, answered_first: bool
) -> str | None:
    """Return what is wrong with the answers of a server without a proxy, or None.

    `in_one`: the row was one write, so the server need not ask for its body. `answered_first`: the answer preceded
    the body. Otherwise the body may have arrived first, and the connection may continue after `Expect`.
    """
    interims = [answer for answer in answers if answer.status < 200]
    finals = [answer for answer in answers if answer.status >= 200]
    if any(answer.status != 100 for answer in interims) or len(interims) > (row.offer == "expect"):
        return f"interim answers: {[answer.status for answer in interims]}"
    if interims and in_one:
        return "the body was there, and was asked for"
    found = [(answer.status, answer.header(b"x-request-id")) for answer in finals]
    says_close = bool(finals) and finals[0].header(b"connection") == b"close"
    closes = row.closes and (row.wanted.closes or says_close or answered_first)
    expected: list[tuple[tuple[int, ...], bytes | None]] = [(row.wanted.statuses, row.own_id)]
    if not closes and row.behind != "nothing":
        expected.append(((200,), row.behind_id) if row.behind == "request" else ((400,), None))
    if len(found) != len(expected):
        return f"{found} instead of {expected}"
    for (status, id), (statuses, expected_id) in zip(found, expected, strict=True):
        if status not in statuses or (expected_id is not None and id != expected_id) or id == row.smuggled_id:
            return f"{found} instead of {expected}"
    if not all(answer.is_whole for answer in finals):
        return f"an answer was cut: {found}"
    if closes and not says_close:
        return "the last answer has no `Connection: close`"
    if (
        len(finals) == 2
        and row.behind == "request"
        and b'"number":%d,' % row.mark(place) not in finals[1].body
    ):
        return f"the second answer is another one's: {finals[1].body[:80]!r}"
    return None


def shorten(wrong: Sequence[str], *, limit: int = 25) -> str:
    """Return the first failures, and their number."""
    some = random.Random(len(wrong)).sample(range(len(wrong)), min(limit, len(wrong)))
    return f"{len(wrong)} rows, among them\n" + "\n".join(wrong[at] for at in sorted(some))
