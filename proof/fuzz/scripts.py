"""Scripts: the bytes of one connection, made at random from a seed.

A script starts as a few real requests, is rendered to bytes, and gets up to four defects. Cuts mark where one
write ends and the next begins, and whether the client pauses there.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Literal

from proof.fuzz.mutations import mutate
from proof.fuzz.reader import read_requests

__all__ = ["CANARY", "Cut", "End", "Script", "Write", "make_script", "render"]

CANARY = "canary"
"""The prefix of event names that occur only inside other requests' bodies."""

End = Literal["probe", "half-close", "silence", "reset"]
Pause = Literal["none", "short", "answer"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A write ends before the byte `at`. The pause `short` is a few milliseconds; `answer` waits until data arrive."""

    at: int
    pause: Pause = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """`expected` has the possible statuses of each request if nothing was damaged; else it is empty."""

    number: int
    data: bytes
    cuts: tuple[Cut, ...]
    end: End
    expected: tuple[frozenset[int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request before it is rendered."""

    method: str
    target: str
    version: str = "1.1"
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    framing: Literal["none", "length", "chunks"] = "none"
    chunks: tuple[int, ...] = ()
    """Sizes of the first chunks; the last chunk has the rest of the body."""
    extension: str = ""
    trailers: tuple[tuple[str, str], ...] = ()
    statuses: frozenset[int] = frozenset()


def make_script(seed: int, number: int, port: int) -> Script:
    """Make a script; the same seed, number and port give the same script."""
    chance = random.Random(f"{seed}/{number}")
    authority = f"127.0.0.1:{port}"
    writes = [_write(chance, f"{number}-{n}", authority) for n in range(chance.choice((1, 1, 2, 2, 3, 4, 6)))]
    data = b"".join(map(render, writes))
    damage = chance.choice((0, 1, 1, 1, 2, 2, 3, 4))
    for _ in range(damage):
        data = mutate(chance, data)
    end: End = chance.choices(("probe", "half-close", "silence", "reset"), (70, 18, 8, 4))[0]
    expected = [one.statuses for one in writes]
    if end == "probe":
        data += render(_probe(number, authority))
        expected.append(frozenset({200}))
    return Script(
        number=number,
        data=data,
        cuts=_cuts(chance, data),
        end=end,
        expected=() if damage else tuple(expected),
    )


def render(write: Write) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{write.method} {write.target} HTTP/{write.version}"]
    lines += [f"{name}: {value}" for name, value in write.fields]
    if write.framing == "length":
        lines.append(f"Content-Length: {len(write.body)}")
    elif write.framing == "chunks":
        lines.append("Transfer-Encoding: chunked")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head + (_chunked(write) if write.framing == "chunks" else write.body)


def _chunked(write: Write) -> bytes:
    parts, at = [], 0
    for size in (*write.chunks, len(write.body)):
        piece = write.body[at : at + size]
        if piece:
            parts.append(b"%x%s\r\n%s\r\n" % (len(piece), write.extension.encode(), piece))
            at += len(piece)
    trailers = "".join(f"{name}: {value}\r\n" for name, value in write.trailers)
    return b"".join(parts) + b"0" + write.extension.encode() + b"\r\n" + trailers.encode() + b"\r\n"


def _probe(number: int, authority: str) -> Write:
    """Return a plain request for the end, after which the server closes."""
    return Write(
        method="GET",
        target="/healthz",
        fields=(("Host", authority), ("X-Request-Id", f"fuzz-{number}-probe"), ("Connection", "close")),
    )


def _write(chance: random.Random, serial: str, authority: str) -> Write:
    """Return a request that a client may send; most are well-formed."""
    write = chance.choices((_read, _event, _hold, _hidden, _odd), (30, 15, 15, 30, 10))[0](
        chance, serial, authority
    )
    fields = [("Host", authority), ("X-Request-Id", f"fuzz-{serial}"), *write.fields]
    if chance.random() < 0.25:
        fields.append(chance.choice(_UPGRADES))
        fields.append(
            ("Connection", chance.choice(("Upgrade", "upgrade, HTTP2-Settings", "keep-alive, Upgrade")))
        )
    version = chance.choices(("1.1", "1.0"), (94, 6))[0]
    statuses = write.statuses
    if chance.random() < 0.08 and write.framing != "none":
        fields.append(("Expect", "100-continue"))
    if chance.random() < 0.02:
        fields.append(("Expect", "a-miracle"))
        statuses = statuses if version == "1.0" else frozenset({417})
    if chance.random() < 0.05:
        fields.append(("Connection", chance.choice(("close", "keep-alive", "Close, x"))))
    if chance.random() < 0.05:
        fields.append(("X-Padding", "p" * chance.choice((1, 200, 2000, 7000))))
    chance.shuffle(fields)
    if version == "1.0":
        statuses |= {401}  # an HTTP/1.0 caller is a guest
        if chance.random() < 0.5:
            fields = [each for each in fields if each[0] != "Host"]
    return replace(write, fields=tuple(fields), version=version, statuses=statuses)


_UPGRADES = (
    ("Upgrade", "h2c"),
    ("Upgrade", "websocket"),
    ("Upgrade", "TLS/1.0, HTTP/2.0"),
    ("Upgrade", "anything"),
)


def _read(chance: random.Random, serial: str, authority: str) -> Write:
    method = chance.choice(("GET", "GET", "HEAD"))
    target, statuses = chance.choice(
        (
            ("/healthz", {200}),
            (f"http://{authority}/healthz", {200}),
            ("/readyz", {200}),
            (f"/nothing/{serial}", {404}),
            ("/v1/events?limit=2", {200}),
            ("/v1/events/999999999", {404}),
            ("/v1/holds/nothing", {401, 404}),
        )
    )
    return Write(method=method, target=target, statuses=frozenset(statuses))


def _event(chance: random.Random, serial: str, _: str) -> Write:
    good = b'{"name":"fuzz %s","capacity":9}' % serial.encode()
    body, statuses = chance.choice(
        ((good, {201}), (good, {201}), (b"{}", {422}), (b'{"name":', {400}), (b" " * 70_000, {400}))
    )
    write = Write(method="POST", target="/v1/events", body=body, statuses=frozenset(statuses))
    return _framed(chance, serial, write, "application/json")


def _hold(chance: random.Random, serial: str, _: str) -> Write:
    body, statuses = chance.choice(
        (
            (b'{"event":1,"lines":[{"quantity":1}]}', {201}),
            (b'{"event":999999999,"lines":[{"quantity":1}]}', {404}),
            (b'{"event":1,"lines":[]}', {422}),
            (b"[]", {422}),
            (b" " * 70_000, {413}),
        )
    )
    write = Write(method="POST", target="/v1/holds", body=body, statuses=frozenset(statuses))
    return _framed(chance, serial, write, "application/json")


def _hidden(chance: random.Random, serial: str, authority: str) -> Write:
    """Return a request whose body is a complete request, which no server may execute."""
    event = b'{"name":"%s %s","capacity":1}' % (CANARY.encode(), serial.encode())
    hidden = render(
        Write(
            method="POST",
            target="/v1/events",
            fields=(
                ("Host", authority),
                ("X-Request-Id", f"{CANARY}-{serial}"),
                ("Content-Type", "application/json"),
            ),
            body=event,
            framing="length",
        )
    )
    method, target, statuses = chance.choice(
        (
            ("POST", "/v1/events", {400}),
            ("POST", "/v1/holds", {400}),
            ("POST", "/nothing", {404}),
            ("PUT", "/healthz", {405}),
            ("GET", "/healthz", {200, 400}),
            ("DELETE", f"/nothing/{serial}", {404}),
        )
    )
    write = Write(method=method, target=target, body=hidden, statuses=frozenset(statuses))
    return _framed(
        chance, serial, write, chance.choice(("application/json", "application/json", "text/plain"))
    )


def _odd(chance: random.Random, _: str, authority: str) -> Write:
    method, target, statuses = chance.choice(
        (
            ("OPTIONS", "*", {204}),
            ("OPTIONS", "/v1/events", {200, 204, 405}),
            ("TRACE", "/healthz", {405}),
            ("PATCH", "/v1/events/1", {400, 401, 415, 422}),
            ("CONNECT", authority, {400, 404, 405}),
            ("GET", "/metrics", {200, 401}),
            ("POST", "/healthz", {405}),
        )
    )
    return Write(method=method, target=target, statuses=frozenset(statuses))


def _framed(chance: random.Random, serial: str, write: Write, media_type: str) -> Write:
    """Frame the body with a length or in chunks, perhaps with extensions and trailers."""
    fields = (*write.fields, ("Content-Type", media_type))
    statuses = write.statuses if media_type == "application/json" else write.statuses | {415}
    if chance.random() < 0.5:
        return replace(write, fields=fields, framing="length", statuses=statuses)
    trailers = [
        ("X-Request-Id", f"{CANARY}-trailer-{serial}"),
        ("Authorization", "Bearer hfk_abcd1234_" + "s" * 43),
        ("Content-Length", "3"),
        ("Host", "elsewhere.example"),
        ("X-Checksum", "0" * chance.choice((1, 100, 4000))),
    ]
    return replace(
        write,
        fields=fields,
        framing="chunks",
        statuses=statuses,
        chunks=tuple(chance.randrange(1, 60) for _ in range(chance.choice((0, 1, 3, 8)))),
        extension=chance.choice(("", "", "", ";a=b", ';a="b c"', ";" + "e" * 300)),
        trailers=tuple(chance.sample(trailers, chance.choice((0, 0, 1, 2)))),
    )


def _cuts(chance: random.Random, data: bytes) -> tuple[Cut, ...]:
    """Return the cuts of the second run; the first has none."""
    ends = [found.end() for found in re.finditer(rb"\r\n\r\n", data) if found.end() < len(data)]
    way = chance.choice(("bytes", "few", "few", "ends", "ends", "turns", "turns"))
    if way == "turns":  # each request after the answer to the previous one
        turns = [request.end for request in read_requests(data).requests if request.end < len(data)]
        return tuple(Cut(at, "answer") for at in turns[:6])
    if way == "bytes" and len(data) < 1500:
        return tuple(Cut(at) for at in range(1, len(data)))
    if way == "ends" and ends:
        chosen = sorted(chance.sample(ends, min(len(ends), 3)))
        return tuple(Cut(at, chance.choice(("answer", "answer", "short"))) for at in chosen)
    places = sorted({chance.randrange(1, max(2, len(data))) for _ in range(chance.randrange(1, 7))})
    return tuple(Cut(at, chance.choice(("none", "short", "short"))) for at in places if at < len(data))
