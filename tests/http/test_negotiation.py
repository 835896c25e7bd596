"""Negotiation: the codings and media types that a request accepts, by their weights."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.http.headers import accepts_gzip, weights


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, {}),
        ("application/json", {"application/json": 1}),
        ("Text/HTML ; Level=1 ; Q=0.5,\tgzip;q=1.000", {"text/html": 0.5, "gzip": 1}),
        ("a;q=0, a", {"a": 1}),
        ("a;q=0.000,, b;q=0.25", {"a": 0, "b": 0.25}),
        ("a;q=high", {"a": 1}),
    ],
)
def test_accept_lists_are_parsed_with_weights(header: str | None, found: dict[str, float]):
    assert weights(header) == found


@pytest.mark.parametrize(
    ("header", "is_accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("*;q=0, gzip", True),
        (None, False),
        ("", False),
        ("identity", False),
        ("gzipped", False),
        ("gzip;q=0", False),
        ("gzip ; q=0.000", False),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
    ],
)
def test_gzip_is_used_if_accepted(header: str | None, is_accepted: bool):
    assert accepts_gzip(header) == is_accepted


@pytest.mark.parametrize(
    ("accept", "home", "metrics"),
    [
        ("application/json", 200, "application/json"),
        ("APPLICATION/JSON;q=0.1", 200, "application/json"),
        ("application/json, */*", 200, "application/json"),
        ("application/json, text/html;q=0.9", 200, "application/json"),
        ("text/html, application/json", 200, "application/json"),
        ("text/html, application/json;q=0.9", 303, "application/json"),
        ("application/jsonx", 200, "text/plain"),
        ("*/*", 200, "text/plain"),
    ],
)
async def test_json_is_sent_if_preferred(client: httpx2.AsyncClient, accept: str, home: int, metrics: str):
    """The home page sends a browser to the events, and gives a program JSON."""
    assert (await client.get("/", headers={"accept": accept})).status_code == home
    answer = await client.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == metrics
