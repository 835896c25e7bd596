"""Survey: one request for each kind of answer that the server gives."""

from __future__ import annotations

from scenarios.wire.conforming import RawAnswer, as_staff, hold_body, host_of, make_event, raw_answer, request
from support.serving import Serving

__all__ = ["BODYLESS", "STATUSES", "answers_of"]

JSON = b"Content-Type: application/json"
BODYLESS = frozenset({304})
"""Statuses whose answers have no body, whatever the method is."""

STATUSES: dict[str, int] = {
    "health": 200,
    "health in HTTP/1.0": 200,
    "head of health": 200,
    "home page": 303,
    "home as JSON": 200,
    "file": 200,
    "packed file": 200,
    "file that is known": 304,
    "metrics": 200,
    "document": 200,
    "availability": 200,
    "head of availability": 200,
    "availability that is known": 304,
    "list": 200,
    "seat map": 307,
    "head of a seat map": 307,
    "one seat map": 200,
    "new event": 201,
    "hold": 201,
    "no JSON": 400,
    "broken head": 400,
    "broken length": 400,
    "no credentials": 401,
    "wrong credentials": 401,
    "no path": 404,
    "head of no path": 404,
    "no event": 404,
    "another method": 405,
    "TRACE": 405,
    "half a body": 408,
    "half a head": 408,
    "sold out": 409,
    "large body": 413,
    "long target": 414,
    "another type": 415,
    "packed body": 415,
    "expectation": 417,
    "wrong fields": 422,
    "long field": 431,
}
"""Each answer of the survey, and its status."""

HEADS = frozenset(name for name in STATUSES if name.startswith("head of "))


def answers_of(server: Serving) -> dict[str, RawAnswer]:
    """Every answer, from a server that has just started."""
    port, staff = server.port, host_of(server.port)
    event = make_event(port)
    small = as_staff(port, "POST", "/v1/events", {"name": "Small", "capacity": 1})["number"]
    raw_answer(port, request(b"/v1/holds", method=b"POST", body=hold_body(small)))
    availability = b"/v1/events/%d/availability" % event
    file = b"/docs/holdfast.css"
    known = {target: raw_answer(port, request(target)).all(b"etag")[0] for target in (availability, file)}
    half = request(b"/v1/holds", JSON, b"Content-Length: 9", method=b"POST", is_last=False)
    requests = {
        "health": request(),
        "health in HTTP/1.0": request(version=b"HTTP/1.0"),
        "head of health": request(method=b"HEAD"),
        "home page": request(b"/", b"Accept: text/html"),
        "home as JSON": request(b"/", b"Accept: application/json"),
        "file": request(file, b"Accept-Encoding: identity"),
        "packed file": request(file, b"Accept-Encoding: gzip"),
        "file that is known": request(file, b"If-None-Match: " + known[file]),
        "metrics": request(b"/metrics", host=staff),
        "document": request(b"/openapi.json"),
        "availability": request(availability),
        "head of availability": request(availability, method=b"HEAD"),
        "availability that is known": request(availability, b"If-None-Match: " + known[availability]),
        "list": request(b"/v1/events"),
        "seat map": request(b"/v1/events/%d/seat-map" % event),
        "head of a seat map": request(b"/v1/events/%d/seat-map" % event, method=b"HEAD"),
        "one seat map": request(b"/v1/events/%d/seat-map/0" % event, b"Accept-Encoding: gzip"),
        "new event": request(
            b"/v1/events", method=b"POST", host=staff, body=b'{"name":"Survey","capacity":1}'
        ),
        "hold": request(b"/v1/holds", method=b"POST", body=hold_body(event)),
        "no JSON": request(b"/v1/holds", method=b"POST", body=b"{"),
        "broken head": request(b"/healthz", b"X-A : b"),
        "broken length": request(b"/v1/holds", JSON, b"Content-Length: +1", method=b"POST"),
        "no credentials": request(b"/metrics"),
        "wrong credentials": request(b"/metrics", b"Authorization: Bearer none"),
        "no path": request(b"/nowhere"),
        "head of no path": request(b"/nowhere", method=b"HEAD"),
        "no event": request(b"/v1/events/999999/availability"),
        "another method": request(b"/healthz", method=b"DELETE"),
        "TRACE": request(b"/v1/events", method=b"TRACE"),
        "half a body": half + b"{",
        "half a head": b"GET /healthz HTTP/1.1\r\nHost: exam",
        "sold out": request(b"/v1/holds", method=b"POST", body=hold_body(small)),
        "large body": request(b"/v1/holds", method=b"POST", body=b" " * 70_000),
        "long target": request(b"/" + b"a" * 9_000),
        "another type": request(
            b"/v1/holds", b"Content-Type: text/plain", b"Content-Length: 1", method=b"POST"
        )
        + b"a",
        "packed body": request(
            b"/v1/holds", JSON, b"Content-Encoding: gzip", b"Content-Length: 1", method=b"POST"
        )
        + b"\x1f",
        "expectation": request(b"/healthz", b"Expect: a-wonder"),
        "wrong fields": request(b"/v1/holds", method=b"POST", body=b"{}"),
        "long field": request(b"/healthz", b"X-A: " + b"a" * 9_000),
    }
    return {name: raw_answer(port, data) for name, data in requests.items()}


def has_body(name: str, answer: RawAnswer) -> bool:
    return name not in HEADS and answer.status not in BODYLESS
