"""Conditions: entity tags, preconditions and ranges, as RFC 9110 has them in sections 8.8, 13 and 14."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from scenarios.wire.conforming import (
    RawAnswer,
    as_staff,
    conforming_server,
    host_of,
    make_event,
    raw_answer,
    request,
)
from support.serving import Serving

NEVER = b'"no such state"'
FILE = b"/docs/holdfast.css"
LONG_AGO = b"Sun, 06 Nov 1994 08:49:37 GMT"
IN_THE_FUTURE = b"Fri, 31 Dec 2199 23:59:59 GMT"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with conforming_server() as one:
        yield one


@pytest.fixture(scope="module")
def event(server: Serving) -> int:
    return make_event(server.port)


@pytest.fixture(scope="module")
def availability(event: int) -> bytes:
    return b"/v1/events/%d/availability" % event


def get(server: Serving, target: bytes, *fields: bytes, method: bytes = b"GET") -> RawAnswer:
    return raw_answer(server.port, request(target, *fields, method=method))


def tag_of(server: Serving, target: bytes) -> bytes:
    (tag,) = get(server, target).all(b"etag")
    return tag


def change_name(server: Serving, event: int, name: str, *fields: bytes) -> RawAnswer:
    """PATCH of an event."""
    body = json.dumps({"name": name}).encode()
    target = b"/v1/events/%d" % event
    return raw_answer(
        server.port, request(target, *fields, method=b"PATCH", host=host_of(server.port), body=body)
    )


# Entity tags


def test_answers_with_one_tag_differ_in_the_time_of_reading_alone(server: Serving, availability: bytes):
    """Read by two connections, with a new event in between."""
    before = get(server, availability)
    make_event(server.port)
    after = get(server, availability)
    assert before.all(b"etag") == after.all(b"etag")
    first, second = json.loads(before.body), json.loads(after.body)
    assert first | {"as_of": None} == second | {"as_of": None}


def test_two_codings_of_one_file_do_not_share_a_strong_tag(server: Serving, event: int):
    """A strong tag stands for octets, and these differ."""
    for target in (FILE, b"/v1/events/%d/seat-map/0" % event):
        plain = get(server, target, b"Accept-Encoding: identity")
        packed = get(server, target, b"Accept-Encoding: gzip")
        assert packed.body != plain.body
        (tag,) = plain.all(b"etag")
        assert tag.startswith(b"W/") or packed.all(b"etag") != [tag], target


# If-None-Match


@pytest.mark.parametrize("form", [b"%s", b"W/%s", b'"other", %s', b' , %s,"other"', b"\t%s "])
def test_a_known_state_is_304_by_weak_comparison(server: Serving, availability: bytes, form: bytes):
    tag = tag_of(server, availability).removeprefix(b"W/")
    for method in (b"GET", b"HEAD"):
        answer = get(server, availability, b"If-None-Match: " + form % tag, method=method)
        assert (answer.status, answer.body) == (304, b"")


def test_any_state_matches_an_asterisk(server: Serving, availability: bytes):
    assert get(server, availability, b"If-None-Match: *").status == 304
    assert get(server, FILE, b"If-None-Match: *").status == 304


@pytest.mark.parametrize("target", [b"/healthz", b"/v1/events", b"/openapi.json", b"/"])
def test_any_state_matches_an_asterisk_also_without_a_tag(server: Serving, target: bytes):
    """Whatever has a representation now has one that is not to be sent."""
    assert get(server, target, b"If-None-Match: *").status == 304


@pytest.mark.parametrize("value", [NEVER, b'W/"0"', b'"*"', b'"a", "b"', b"", b"*a"])
def test_another_state_is_sent(server: Serving, availability: bytes, value: bytes):
    assert get(server, availability, b"If-None-Match: " + value).status == 200


def test_a_304_has_the_fields_that_its_200_has(server: Serving, availability: bytes):
    for target in (availability, FILE):
        whole = get(server, target)
        known = get(server, target, b"If-None-Match: " + whole.all(b"etag")[0])
        assert known.status == 304
        for name in (b"cache-control", b"content-location", b"etag", b"expires", b"vary"):
            assert known.all(name) == whole.all(name), (target, name)
        assert len(known.all(b"date")) == 1


def test_a_304_names_no_length_but_that_of_its_200(server: Serving, availability: bytes):
    for target in (availability, FILE):
        whole = get(server, target, b"Accept-Encoding: identity")
        known = get(server, target, b"If-None-Match: " + whole.all(b"etag")[0], b"Accept-Encoding: identity")
        assert known.all(b"content-length") in ([], whole.all(b"content-length"))


# If-Match


def test_a_read_under_another_state_is_412(server: Serving, availability: bytes):
    assert get(server, availability, b"If-Match: " + NEVER).status == 412
    assert get(server, FILE, b"If-Match: " + NEVER).status == 412


def test_a_read_under_the_same_state_is_done(server: Serving, availability: bytes):
    tag = tag_of(server, availability)
    assert get(server, availability, b"If-Match: *").status == 200
    if not tag.startswith(b"W/"):
        assert get(server, availability, b'If-Match: "other", ' + tag).status == 200


def test_if_match_compares_strongly(server: Serving, availability: bytes):
    """A weak tag matches nothing."""
    tag = tag_of(server, availability).removeprefix(b"W/")
    assert get(server, availability, b"If-Match: W/" + tag).status == 412


def test_a_write_under_a_state_that_cannot_be_is_not_done(server: Serving, event: int):
    """The event itself has no tag: no listed one matches it. The client must not lose somebody's update."""
    answer = change_name(server, event, "Overwritten", b"If-Match: " + NEVER)
    assert answer.status == 412
    assert as_staff(server.port, "GET", f"/v1/events/{event}")["name"] != "Overwritten"


def test_a_write_under_any_state_is_done(server: Serving, event: int):
    assert change_name(server, event, "Renamed", b"If-Match: *").status == 200


def test_a_write_under_no_state_is_not_done(server: Serving, event: int):
    answer = change_name(server, event, "Replaced", b"If-None-Match: *")
    assert answer.status == 412
    assert as_staff(server.port, "GET", f"/v1/events/{event}")["name"] != "Replaced"


# Dates


@pytest.mark.parametrize("value", [LONG_AGO, IN_THE_FUTURE, b"yesterday", LONG_AGO + b", " + LONG_AGO, b""])
@pytest.mark.parametrize("name", [b"If-Modified-Since", b"If-Unmodified-Since"])
def test_conditions_on_dates_are_ignored_where_nothing_has_one(
    server: Serving, availability: bytes, name: bytes, value: bytes
):
    for target in (availability, FILE, b"/healthz"):
        answer = get(server, target, name + b": " + value)
        assert answer.status == 200
        assert answer.all(b"last-modified") == []


def test_a_date_never_outweighs_a_tag(server: Serving, availability: bytes):
    tag = tag_of(server, availability)
    dates = [b"If-Modified-Since: " + IN_THE_FUTURE, b"If-Unmodified-Since: " + LONG_AGO]
    assert get(server, availability, b"If-None-Match: " + NEVER, *dates).status == 200
    assert get(server, availability, b"If-None-Match: " + tag, *dates).status == 304
    assert get(server, availability, b"If-Match: *", *dates).status == 200


# When conditions count


@pytest.mark.parametrize("condition", [b"If-None-Match: *", b"If-Match: " + NEVER])
def test_a_condition_changes_no_refusal(server: Serving, condition: bytes):
    """What would have been refused without it is refused in the same way."""
    for target, method, status in [
        (b"/nowhere", b"GET", 404),
        (b"/metrics", b"GET", 401),
        (b"/healthz", b"DELETE", 405),
        (b"/v1/events/999999/availability", b"GET", 404),
    ]:
        assert get(server, target, condition, method=method).status == status
    assert raw_answer(server.port, request(b"/v1/holds", condition, method=b"POST", body=b"{")).status == 400


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE", b"CONNECT"])
def test_a_condition_means_nothing_to_a_method_that_selects_nothing(
    server: Serving, availability: bytes, method: bytes
):
    target = b"example.org:80" if method == b"CONNECT" else availability
    without, under = (
        get(server, target, *fields, method=method)
        for fields in ((), (b"If-None-Match: *", b"If-Match: " + NEVER))
    )
    assert under.status == without.status
    assert under.status not in (304, 412)


def test_if_match_is_asked_before_if_none_match(server: Serving, availability: bytes):
    tag = tag_of(server, availability)
    answer = get(server, availability, b"If-Match: " + NEVER, b"If-None-Match: " + tag)
    assert answer.status == 412


# Ranges


@pytest.mark.parametrize(
    "value",
    [b"bytes=0-1", b"bytes=-1", b"bytes=0-1,3-4", b"lines=0-1", b"bytes=5", b"bytes=0-%d" % 2**80, b"bytes"],
)
def test_a_range_is_ignored(server: Serving, availability: bytes, value: bytes):
    """No resource has ranges; the whole representation is sent."""
    for target in (availability, FILE, b"/healthz"):
        whole, part = get(server, target), get(server, target, b"Range: " + value)
        assert (part.status, len(part.body)) == (200, len(whole.body))
        assert part.all(b"content-range") == part.all(b"accept-ranges") == []


def test_a_range_is_ignored_by_other_methods(server: Serving):
    answer = get(server, b"/healthz", b"Range: bytes=0-1", method=b"DELETE")
    assert answer.status == 405


@pytest.mark.parametrize("value", [NEVER, LONG_AGO, b'W/"0"', b"nothing"])
def test_if_range_is_ignored(server: Serving, availability: bytes, value: bytes):
    """With a range and without one."""
    for fields in ([b"If-Range: " + value], [b"If-Range: " + value, b"Range: bytes=0-1"]):
        assert get(server, availability, *fields).status == 200


def test_a_content_range_of_a_request_is_ignored(server: Serving, event: int):
    answer = change_name(server, event, "Whole", b"Content-Range: bytes 0-1/100")
    assert answer.status == 200
    assert as_staff(server.port, "GET", f"/v1/events/{event}")["name"] == "Whole"
