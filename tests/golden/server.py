"""Server: `holdfast serve` in a separate process, its answers over a socket, and its log."""

from __future__ import annotations

import json
import re
from typing import Any, Self

from golden.masking import Mask
from scenarios.wire.conforming import raw_answer
from support.serving import Serving

__all__ = ["WIRE", "JsonServing", "log_line", "metric_families", "over_the_wire", "start_lines"]

_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+|(?<=localhost:)\d+")
_HOST = b"Host: localhost:%d\r\n"
_END = b"Connection: close\r\n\r\n"


class JsonServing(Serving):
    """A server with a JSON log, so that its first lines are JSON too."""

    def __enter__(self) -> Self:
        self.wait_until_it_says('"Data: ')
        return self


def start_lines(server: Serving) -> list[str]:
    """Return the log before the first request, without the line of limits, which depends on the machine."""
    lines = [line for line in server.said if "Limits: " not in line]
    known = (_PORT.sub("<port>", line.replace(str(server.data_dir), "<folder>")) for line in lines)
    return [Mask().text(line) for line in known]


def log_line(line: str) -> dict[str, Any]:
    """Return the masked fields of a log line in their order."""
    found: dict[str, Any] = Mask().json(json.loads(line))
    if "request_id" in found:
        found["request_id"] = re.sub(r"^[0-9a-f]{20}$", "<request id>", found["request_id"])
    return found


def metric_families(text: str) -> list[dict[str, Any]]:
    """Return name, kind, help and label names of every metric in Prometheus' text format, by name."""
    families: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, about = line.split(" ", 3)
            current = families[name] = {"name": name, "help": about, "samples": {}}
        elif line.startswith("# TYPE "):
            current["kind"] = line.split(" ")[3]
        elif line:
            name, _, rest = line.partition("{") if "{" in line else (line.split(" ")[0], "", "")
            labels = re.findall(r'([a-z_]+)="', rest)
            current["samples"][name] = ", ".join(labels)
    for family in families.values():  # the order of labels varies with the processes' files
        family["samples"] = dict(sorted(family["samples"].items()))
    return [families[name] for name in sorted(families)]


def _request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    head = b"\r\n".join([line, *headers])
    return head + b"\r\n" + (_HOST % 0) + _END + body


WIRE: dict[str, bytes] = {
    "200": _request(b"GET /healthz HTTP/1.1"),
    "200 to HEAD": _request(b"HEAD /healthz HTTP/1.1"),
    "200 to HTTP/1.0": _request(b"GET /healthz HTTP/1.0"),
    "200 of the absolute form": b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n" + _END,
    "200 of a page": _request(b"GET / HTTP/1.1"),
    "200 with an upgrade": _request(b"GET /healthz HTTP/1.1", b"Upgrade: h2c", b"Connection: upgrade"),
    "304": _request(b"GET /healthz HTTP/1.1", b"If-None-Match: *"),
    "400 of a bare line feed": b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
    "400 of a folded header": _request(b"GET /healthz HTTP/1.1", b"X-Own: a", b" b"),
    "400 of a space before the colon": _request(b"GET /healthz HTTP/1.1", b"X-Own : a"),
    "400 of another version": _request(b"GET /healthz HTTP/3.0"),
    "400 of no version": b"GET /healthz\r\n\r\n",
    "400 of no Host": b"GET /healthz HTTP/1.1\r\n" + _END,
    "400 of a method that is none": _request(b"BREW /healthz HTTP/1.1"),
    "400 of a fragment": _request(b"GET /healthz#top HTTP/1.1"),
    "400 of another scheme": _request(b"GET ftp://localhost/healthz HTTP/1.1"),
    "400 of two lengths": _request(
        b"POST /v1/holds HTTP/1.1", b"Content-Length: 1", b"Content-Length: 1", body=b"x"
    ),
    "400 of a length and a coding": _request(
        b"POST /v1/holds HTTP/1.1", b"Content-Length: 1", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"
    ),
    "400 of a chunk": _request(
        b"POST /v1/holds HTTP/1.1",
        b"Content-Type: application/json",
        b"Transfer-Encoding: chunked",
        body=b"x\r\n",
    ),
    "401": _request(b"GET /v1/bookings HTTP/1.1"),
    "404": _request(b"GET /lost HTTP/1.1"),
    "404 with a body that is not read": _request(b"POST /lost HTTP/1.1", b"Content-Length: 2", body=b"{}"),
    "405": _request(b"DELETE /v1/events HTTP/1.1"),
    "CONNECT": _request(b"CONNECT localhost:80 HTTP/1.1"),
    "OPTIONS *": _request(b"OPTIONS * HTTP/1.1"),
    "408 of a body": _request(
        b"POST /v1/holds HTTP/1.1", b"Content-Type: application/json", b"Content-Length: 5", body=b"{"
    ),
    "413": _request(b"POST /v1/holds HTTP/1.1", b"Content-Type: application/json", b"Content-Length: 65537"),
    "413 of chunks": _request(
        b"POST /v1/holds HTTP/1.1",
        b"Content-Type: application/json",
        b"Transfer-Encoding: chunked",
        body=b"10001\r\n" + b"x" * 65_537 + b"\r\n0\r\n\r\n",
    ),
    "414": _request(b"GET /" + b"x" * 9_000 + b" HTTP/1.1"),
    "415": _request(b"POST /v1/holds HTTP/1.1", b"Content-Type: text/plain", b"Content-Length: 1", body=b"x"),
    "417": _request(b"POST /v1/holds HTTP/1.1", b"Expect: a miracle", b"Content-Length: 1", body=b"x"),
    "422": _request(
        b"POST /v1/holds HTTP/1.1", b"Content-Type: application/json", b"Content-Length: 2", body=b"{}"
    ),
    "431 of one header": _request(b"GET /healthz HTTP/1.1", b"X-Long: " + b"x" * 9_000),
    "431 of many headers": _request(
        b"GET /healthz HTTP/1.1", *(b"X-%d: 1" % number for number in range(101))
    ),
}
"""Complete requests by the expected answer. Each asks for the end of its connection."""


def over_the_wire(server: Serving, data: bytes) -> dict[str, Any]:
    """Return the masked status line, headers in their order and spelling, and body."""
    answer = raw_answer(server.port, data)
    lines = [line.decode("latin-1") for line in answer.lines]
    known = re.search(r"^x-request-id: (\S+)$", "\n".join(lines), re.MULTILINE)
    mask, request_id = Mask(), known[1] if known else ""
    headers = [mask.answer_text(line, request_id) for line in lines]
    body = mask.answer_text(answer.body.decode(), request_id)
    if body.startswith("<!doctype"):
        body = f"{len(answer.body)} bytes"
    return {"status": answer.status_line.decode(), "headers": headers, "body": _PORT.sub("<port>", body)}
