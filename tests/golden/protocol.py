"""Protocol: named requests that test HTTP itself. Most of them are refused."""

from __future__ import annotations

import json
from typing import Any

from golden.asking import Deployment, Request

__all__ = ["OPEN_MODE", "about_conditions", "about_http", "about_json"]

_HOLD = json.dumps({"event": 1, "lines": [{"quantity": 1}]}).encode()
_JSON = ("content-type", "application/json")


def _get(path: str, *headers: tuple[str, str], **given: Any) -> Request:
    return Request(method="GET", path=path, headers=headers, **given)


def _hold(*headers: tuple[str, str], body: bytes = _HOLD, **given: Any) -> Request:
    return Request(method="POST", path="/v1/holds", headers=(_JSON, *headers), body=body, **given)


def about_http() -> dict[str, Request]:
    """Return requests about HTTP. They need an event with the number 1 and ten admissions."""
    staff, health = Deployment.key_of("staff"), "/healthz"
    return {
        "HEAD of a probe": Request(method="HEAD", path=health),
        "HEAD of an event": Request(method="HEAD", path="/v1/events/1"),
        "HEAD of nothing": Request(method="HEAD", path="/lost"),
        "HEAD of a stream": Request(method="HEAD", path="/v1/events/1/stream"),
        "HEAD of the document": Request(method="HEAD", path="/openapi.json"),
        "OPTIONS": Request(method="OPTIONS", path="/v1/events"),
        "a method in small letters": Request(method="get", path=health),
        "404": _get("/lost"),
        "404 of an empty segment": _get("//"),
        "404 of a slash at the end": _get("/v1/events/"),
        "404 of an encoded slash": _get("/v1%2Fevents"),
        "400 of a control character in the path": _get("/v1/events/%00"),
        "400 of a path that is not UTF-8": _get("/v1/events/%ff"),
        "400 of a query that is not UTF-8": _get("/v1/events", query="text=%ff"),
        "400 of a control character in the query": _get("/v1/events", query="text=%0a"),
        "400 of no Host": _get(health, host=None),
        "400 of two Hosts": _get(health, ("host", "localhost")),
        "400 of a length and a coding": _hold(("transfer-encoding", "chunked"), ("content-length", "5")),
        "400 of another transfer coding": _hold(("transfer-encoding", "gzip"), ("x-own", "1"), body=b""),
        "400 of a length that is no number": _hold(("content-length", "five")),
        "400 of a body of another length": _hold(("content-length", "5")),
        "400 of two hold tokens": _get("/v1/holds/x", ("hold-token", "a"), ("authorization", "Hold b")),
        "400 of a hold token with a space": _get("/v1/holds/x", ("hold-token", "a b")),
        "400 of a guest's short key": _hold(("idempotency-key", "short")),
        "400 of an empty key": _hold(("idempotency-key", "")),
        "400 of two keys": _hold(("idempotency-key", "x" * 30), ("idempotency-key", "y" * 30)),
        "401 of no credentials": _get("/v1/bookings"),
        "401 of another scheme": _get("/v1/events", ("authorization", "Digest x")),
        "401 of two Authorizations": _get("/v1/events", ("authorization", "x"), ("authorization", "y")),
        "401 of no key": _get("/v1/events", ("authorization", "Bearer x")),
        "403": _get("/v1/bookings", *Deployment.key_of("seller")),
        "405": Request(method="DELETE", path="/v1/events/1"),
        "413": _hold(("content-length", "65537")),
        "413 where a seat map is taken": Request(
            method="POST",
            path="/v1/events",
            headers=(*staff, _JSON, ("content-length", "33554433")),
            body=b"x",
        ),
        "414 of a path": _get(f"/{'x' * 8_200}"),
        "414 of a query": _get("/v1/events", query="x" * 8_200),
        "415": Request(method="POST", path="/v1/holds", headers=(("content-type", "text/plain"),), body=b"x"),
        "415 of no type": Request(method="POST", path="/v1/holds", body=_HOLD),
        "415 of another charset": _hold_as("application/json; charset=latin-1"),
        "201 of this charset": _hold_as('application/json; charset="UTF-8"'),
        "415 of a coding": _hold(("content-encoding", "br")),
        "431 of one header": _get(health, ("x-long", "x" * 8_200)),
        "431 of many headers": _get(health, *((f"x-{number}", "1") for number in range(101))),
        "431 of all of them": _get(health, *((f"x-{number}", "x" * 8_000) for number in range(5))),
        "an own request id": _get("/lost", ("x-request-id", "golden-request.1")),
        "a request id that cannot be one": _get("/lost", ("x-request-id", "no id")),
        "422 of an unknown parameter": _get("/v1/events", query="colour=red"),
        "422 of a parameter twice": _get("/v1/events", query="limit=1&limit=2"),
        "Accept with weights, JSON first": _get("/", ("accept", "text/html;q=0.5, application/json;q=0.9")),
        "Accept with weights, HTML first": _get("/", ("accept", "application/json;q=0.5, text/html;q=0.9")),
        "Accept with weights of nothing": _get("/", ("accept", "application/json;q=0")),
        "Accept-Encoding gzip": _get("/docs/icon.svg", ("accept-encoding", "br, gzip")),
        "Accept-Encoding gzip with weight 0": _get("/docs/icon.svg", ("accept-encoding", "gzip;q=0, *")),
        "Accept-Encoding everything": _get("/docs/icon.svg", ("accept-encoding", "*;q=0.1")),
        "Accept-Encoding identity": _get("/docs/icon.svg", ("accept-encoding", "identity")),
    }


def _hold_as(kind: str) -> Request:
    return Request(method="POST", path="/v1/holds", headers=(("content-type", kind),), body=_HOLD)


def about_json() -> dict[str, Request]:
    """Return requests with invalid or unusual JSON."""
    bodies = {
        "an array": b"[]",
        "null": b"null",
        "NaN": b'{"event":NaN}',
        "a byte order mark": b"\xef\xbb\xbf{}",
        "a name twice": b'{"event":1,"event":2}',
        "half": b'{"event":',
        "not UTF-8": b'{"event":"\xff"}',
        "a lone surrogate": b'{"event":"\\ud800"}',
        "deep": b"[" * 200 + b"]" * 200,
        "a large number": b'{"event":1e999}',
        "a fraction": b'{"event":1.5,"lines":[{"quantity":1.0}]}',
        "a number as text": b'{"event":"1","lines":[{"quantity":"1"}]}',
        "yes as a number": b'{"event":1,"lines":[{"quantity":true}]}',
        "a null character": b'{"event":1,"lines":[{"quantity":1}],"buyer":"a\\u0000b"}',
        "a long text": b'{"event":1,"lines":[{"quantity":1}],"buyer":"' + b"x" * 5_000 + b'"}',
        "many lines": b'{"event":1,"lines":[' + b",".join([b'{"quantity":1}'] * 200) + b"]}",
    }
    return {what: _hold(body=body) for what, body in bodies.items()}


def about_conditions(tag: str) -> dict[str, Request]:
    """Return requests with conditions. `tag` is that of the availability of event 1."""
    path, staff = "/v1/events/1/availability", Deployment.key_of("staff")
    stop = "/v1/events/1/resume"
    return {
        **{
            f"GET with {name} {value.replace(tag, 'TAG')}": _get(path, (name, value))
            for name in ("if-match", "if-none-match")
            for value in (tag, f"W/{tag}", "*", '"0.0"', f'"0.0", {tag}', "unquoted")
        },
        "GET with both": _get(path, ("if-match", tag), ("if-none-match", tag)),
        "GET of a page with If-None-Match *": _get("/healthz", ("if-none-match", "*")),
        "GET of a page with If-Match": _get("/healthz", ("if-match", tag)),
        "GET of nothing with If-Match": _get("/v1/events/99/availability", ("if-match", tag)),
        "HEAD with If-None-Match": Request(method="HEAD", path=path, headers=(("if-none-match", tag),)),
        **{
            f"POST with {name} {value.replace(tag, 'TAG')}": Request(
                method="POST", path=stop, headers=(*staff, (name, value))
            )
            for name in ("if-match", "if-none-match")
            for value in (tag, "*")
        },
    }


_LOCAL: dict[str, Any] = {"peer": "127.0.0.1"}
OPEN_MODE: dict[str, Request] = {
    "a program on this machine": _get("/v1/bookings", **_LOCAL),
    "the home page": _get("/", **_LOCAL),
    "the home page as JSON": _get("/", ("accept", "application/json"), **_LOCAL),
    "IPv6": _get("/v1/bookings", peer="::1", host="[::1]"),
    "a dialect": _get("/seats", **_LOCAL),
    "another machine": _get("/v1/bookings"),
    "another name": _get("/v1/bookings", host="example.org", peer="127.0.0.1"),
    "another port": _get("/v1/bookings", host="localhost:81", peer="127.0.0.1"),
    "a proxy": _get("/v1/bookings", ("x-forwarded-for", "203.0.113.7"), **_LOCAL),
    "another origin": _get("/v1/bookings", ("origin", "https://example.org"), **_LOCAL),
    "the same origin": _get("/v1/bookings", ("origin", "http://localhost"), **_LOCAL),
    "a wrong key": _get("/v1/bookings", ("authorization", "Bearer x"), **_LOCAL),
}
