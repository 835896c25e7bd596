"""Problems: every refusal on the wire, as RFC 9457 has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from scenarios.wire.conforming import RawAnswer, conforming_server
from scenarios.wire.survey import HEADS, STATUSES, answers_of
from support.serving import Serving

REFUSED = sorted(name for name, status in STATUSES.items() if status >= 400 and name not in HEADS)
BELOW = ("broken head", "broken length", "half a head", "long target", "long field", "expectation")
"""Refusals from below the application."""

URI_REFERENCE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?:[!$&-;=?-Z_a-z~@]|%[0-9A-Fa-f]{2})+")


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with conforming_server() as one:
        yield one


@pytest.fixture(scope="module")
def answers(server: Serving) -> dict[str, RawAnswer]:
    return answers_of(server)


def members_of(answer: RawAnswer) -> dict[str, Any]:
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_a_problem(answers: dict[str, RawAnswer], name: str):
    assert answers[name].all(b"content-type") == [b"application/problem+json"]
    members_of(answers[name])


@pytest.mark.parametrize("name", REFUSED)
def test_the_status_of_a_problem_is_that_of_its_answer(answers: dict[str, RawAnswer], name: str):
    status = members_of(answers[name])["status"]
    assert type(status) is int
    assert status == answers[name].status == STATUSES[name]


@pytest.mark.parametrize("name", REFUSED)
def test_every_member_has_its_type(answers: dict[str, RawAnswer], name: str):
    members = members_of(answers[name])
    for member in ("type", "title", "detail", "instance"):
        assert isinstance(members[member], str), member
        assert members[member], member


@pytest.mark.parametrize("name", REFUSED)
def test_type_and_instance_are_uri_references(answers: dict[str, RawAnswer], name: str):
    members = members_of(answers[name])
    assert URI_REFERENCE.fullmatch(members["instance"])
    assert URI_REFERENCE.fullmatch(members["type"])


def test_one_type_has_one_title_and_one_status(answers: dict[str, RawAnswer]):
    found: dict[str, set[tuple[str, int]]] = {}
    for name in REFUSED:
        members = members_of(answers[name])
        kind = members["type"].lstrip("./")  # each is relative to its own request
        found.setdefault(kind, set()).add((members["title"], members["status"]))
    assert {kind: facts for kind, facts in found.items() if len(facts) > 1} == {}


def test_the_names_of_further_members_can_be_written_in_other_formats(answers: dict[str, RawAnswer]):
    for name in REFUSED:
        names = set(members_of(answers[name])) - {"type", "title", "status", "detail", "instance"}
        assert [one for one in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{2,}", one)] == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_problem_gives_nothing_of_the_program_away(answers: dict[str, RawAnswer], name: str):
    text = answers[name].body.decode()
    for sign in ("Traceback", 'File "', ".py", "holdfast.http", "psycopg", "SELECT", "/src/", "0x"):
        assert sign not in text


@pytest.mark.parametrize("name", BELOW)
def test_a_refusal_below_the_application_has_every_field_of_one_above(
    answers: dict[str, RawAnswer], name: str
):
    answer = answers[name]
    assert answer.all(b"cache-control") == [b"no-store"]
    assert answer.all(b"x-content-type-options") == [b"nosniff"]
    assert answer.all(b"connection") == [b"close"]
    assert [one.decode() for one in answer.all(b"x-request-id")] == [members_of(answer)["instance"]]


def test_a_body_explains_every_error(answers: dict[str, RawAnswer]):
    for name in REFUSED:
        members = members_of(answers[name])
        assert members["detail"] not in ("", HTTPStatus(answers[name].status).phrase)
