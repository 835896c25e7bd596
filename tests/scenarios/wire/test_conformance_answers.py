"""Answers: their lines, fields and bodies, octet by octet, over one answer of every kind."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from scenarios.wire.conforming import RawAnswer, conforming_server, host_of, raw_answer, request
from scenarios.wire.survey import HEADS, STATUSES, answers_of, has_body
from support.serving import Serving

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"'
VALUE = rb"(?:[\x21-\x7e](?:[\t \x21-\x7e]*[\x21-\x7e])?)?"
FIELD_LINE = re.compile(TOKEN + rb":[ \t]*" + VALUE + rb"[ \t]*")
STATUS_LINE = re.compile(rb"HTTP/1\.1 [1-5][0-9]{2} [\t \x21-\x7e]*")
IMF_FIXDATE = re.compile(
    rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    rb"[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
)
PARAMETERS = rb"(?:[ \t]*;[ \t]*" + TOKEN + rb"=(?:" + TOKEN + rb"|" + QUOTED + rb"))*"
ETAG = rb'(?:W/)?"[\x21\x23-\x7e]*"'
CHALLENGE = TOKEN + rb" +" + TOKEN + rb"=" + QUOTED + rb"(?:[ \t]*,[ \t]*" + TOKEN + rb"=" + QUOTED + rb")*"
LIST_OF_TOKENS = TOKEN + rb"(?:[ \t]*,[ \t]*" + TOKEN + rb")*"
DIRECTIVE = TOKEN + rb"(?:=(?:" + TOKEN + rb"|" + QUOTED + rb"))?"
GRAMMARS = {
    b"allow": LIST_OF_TOKENS,
    b"cache-control": DIRECTIVE + rb"(?:[ \t]*,[ \t]*" + DIRECTIVE + rb")*",
    b"connection": LIST_OF_TOKENS,
    b"content-encoding": LIST_OF_TOKENS,
    b"content-length": rb"[0-9]+",
    b"content-type": TOKEN + rb"/" + TOKEN + PARAMETERS,
    b"date": IMF_FIXDATE.pattern,
    b"etag": ETAG,
    b"location": rb"(?:[!$&'()*+,;=:@/?A-Za-z0-9._~#\[\]-]|%[0-9A-Fa-f]{2})+",
    b"retry-after": rb"[0-9]+",
    b"transfer-encoding": rb"chunked",
    b"vary": rb"\*|" + LIST_OF_TOKENS,
    b"www-authenticate": CHALLENGE,
}
"""The grammar of each field that this server sends and RFC 9110 to 9112 define."""

LISTS = (b"allow", b"cache-control", b"connection", b"content-encoding", b"vary", b"www-authenticate")


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with conforming_server() as one:
        yield one


@pytest.fixture(scope="module")
def answers(server: Serving) -> dict[str, RawAnswer]:
    return answers_of(server)


def wrong(answers: dict[str, RawAnswer], holds: Callable[[RawAnswer], object]) -> dict[str, RawAnswer]:
    """The answers for which it does not hold."""
    return {name: answer for name, answer in answers.items() if not holds(answer)}


def test_the_survey_has_an_answer_of_every_kind(answers: dict[str, RawAnswer]):
    assert {name: answer.status for name, answer in answers.items()} == STATUSES


def test_every_status_line_is_of_the_grammar(answers: dict[str, RawAnswer]):
    """With a space behind the status, also where no phrase follows. The version is the one that is spoken here."""
    assert wrong(answers, lambda answer: STATUS_LINE.fullmatch(answer.status_line)) == {}


def test_every_field_line_is_of_the_grammar(answers: dict[str, RawAnswer]):
    """No bare CR or LF, no fold, no space before the colon, and none before the first field."""
    assert wrong(answers, lambda answer: all(FIELD_LINE.fullmatch(line) for line in answer.lines)) == {}


@pytest.mark.parametrize("name", GRAMMARS, ids=lambda name: name.decode())
def test_every_value_is_of_the_grammar_of_its_field(answers: dict[str, RawAnswer], name: bytes):
    found = {value for answer in answers.values() for value in answer.all(name)}
    assert found or name in (b"transfer-encoding", b"retry-after")
    assert {value for value in found if not re.fullmatch(GRAMMARS[name], value)} == set()


def test_no_field_comes_twice(answers: dict[str, RawAnswer]):
    def names(answer: RawAnswer) -> list[bytes]:
        return [line.partition(b":")[0].lower() for line in answer.lines]

    assert wrong(answers, lambda answer: len(set(names(answer))) == len(answer.lines)) == {}


def test_no_list_has_an_empty_element(answers: dict[str, RawAnswer]):
    values = [value for answer in answers.values() for name in LISTS for value in answer.all(name)]
    assert [value for value in values if not all(one.strip() for one in value.split(b","))] == []


def test_every_answer_has_one_date(answers: dict[str, RawAnswer]):
    """Also those that are written below the application."""
    assert wrong(answers, lambda answer: len(answer.all(b"date")) == 1) == {}


def test_a_date_is_the_time_of_the_answer(server: Serving):
    (value,) = raw_answer(server.port, request()).all(b"date")
    assert abs(parsedate_to_datetime(value.decode()) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_date_is_in_the_one_format(answers: dict[str, RawAnswer]):
    dates = [value for answer in answers.values() for value in answer.all(b"date")]
    assert dates
    assert [value for value in dates if not IMF_FIXDATE.fullmatch(value)] == []


def test_every_body_has_exactly_one_framing(answers: dict[str, RawAnswer]):
    """Its length, or chunks, and never both."""

    def framings(answer: RawAnswer) -> int:
        return len(answer.all(b"content-length")) + len(answer.all(b"transfer-encoding"))

    bodies = {name: answer for name, answer in answers.items() if has_body(name, answer)}
    assert wrong(bodies, lambda answer: framings(answer) == 1) == {}
    assert wrong(answers, lambda answer: framings(answer) <= 1) == {}


def test_every_length_is_that_of_the_body(answers: dict[str, RawAnswer]):
    bodies = {name: answer for name, answer in answers.items() if has_body(name, answer)}
    assert wrong(bodies, lambda answer: answer.all(b"content-length") == [b"%d" % len(answer.body)]) == {}


def test_an_answer_to_head_and_a_304_have_no_body(answers: dict[str, RawAnswer]):
    without = {name: answer for name, answer in answers.items() if not has_body(name, answer)}
    assert set(without) >= HEADS
    assert wrong(without, lambda answer: answer.body == b"") == {}


@pytest.mark.parametrize("target", [b"/healthz", b"/", b"/docs", b"/docs/holdfast.css", b"/openapi.json", b"/v1/events",
                                    b"/nowhere", b"/metrics", b"/v1/holds"])  # fmt: skip
def test_a_head_has_the_fields_and_the_length_of_its_get(server: Serving, target: bytes):
    get, head = (raw_answer(server.port, request(target, method=method)) for method in (b"GET", b"HEAD"))

    def fields(answer: RawAnswer) -> list[bytes]:
        changing = (b"date:", b"x-request-id:")
        return [line for line in answer.lines if not line.lower().startswith(changing)]

    assert (head.status, fields(head)) == (get.status, fields(get))
    assert head.body == b""


def test_every_401_has_a_challenge_whose_parameters_come_once(answers: dict[str, RawAnswer]):
    challenges = [value for answer in answers.values() if answer.status == 401
                  for value in answer.all(b"www-authenticate")]  # fmt: skip
    assert len(challenges) == list(STATUSES.values()).count(401)
    for challenge in challenges:
        names = [name.lower() for name in re.findall(rb"(" + TOKEN + rb")=" + QUOTED, challenge)]
        assert b"realm" in names
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "target", [b"/healthz", b"/v1/events", b"/v1/events/1", b"/v1/holds", b"/docs", b"/"]
)
def test_a_405_allows_the_methods_that_the_target_has(server: Serving, target: bytes):
    """HEAD is one of them wherever GET is."""
    methods = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE")
    found = {method: raw_answer(server.port, request(target, method=method)) for method in methods}
    supported = {method for method, answer in found.items() if answer.status != 405}
    for answer in found.values():
        if answer.status == 405:
            (allow,) = answer.all(b"allow")
            assert {one.strip() for one in allow.split(b",")} == supported


def test_a_415_names_no_codings_where_the_type_was_wrong(answers: dict[str, RawAnswer]):
    assert answers["another type"].all(b"accept-encoding") == []


def test_a_content_coding_is_named_and_true(answers: dict[str, RawAnswer]):
    plain, packed = answers["file"], answers["packed file"]
    assert plain.all(b"content-encoding") == []
    assert packed.all(b"content-encoding") == [b"gzip"]
    assert gzip.decompress(packed.body) == plain.body


def test_an_answer_that_was_negotiated_says_by_what(answers: dict[str, RawAnswer]):
    for name, field in [("file", b"accept-encoding"), ("home page", b"accept"), ("metrics", b"accept")]:
        (value,) = answers[name].all(b"vary")
        assert field in [one.strip().lower() for one in value.split(b",")], name


def test_every_body_names_its_type(answers: dict[str, RawAnswer]):
    bodies = {name: answer for name, answer in answers.items() if answer.body}
    assert wrong(bodies, lambda answer: len(answer.all(b"content-type")) == 1) == {}


def test_connection_names_only_what_is_about_the_connection(answers: dict[str, RawAnswer]):
    options = {value for answer in answers.values() for value in answer.all(b"connection")}
    assert options <= {b"close", b"keep-alive"}


def test_an_answer_after_which_the_connection_ends_says_so(answers: dict[str, RawAnswer]):
    assert wrong(answers, lambda answer: answer.all(b"connection") == [b"close"]) == {}


def test_no_field_is_sent_that_only_others_may_send(answers: dict[str, RawAnswer]):
    """Requests have these, or proxies, or nobody who has no need to name its product."""
    never = (b"host", b"te", b"trailer", b"upgrade", b"expect", b"via", b"proxy-authenticate", b"keep-alive",
             b"server", b"x-powered-by", b"content-transfer-encoding", b"mime-version")  # fmt: skip
    for name in never:
        assert wrong(answers, lambda answer, name=name: answer.all(name) == []) == {}


def test_no_location_has_userinfo_or_an_empty_host(answers: dict[str, RawAnswer]):
    locations = [value for answer in answers.values() for value in answer.all(b"location")]
    assert len(locations) >= 3
    for location in locations:
        assert not re.match(rb"[a-z]+://([/:]|[^/]*@)", location)


def test_a_post_that_creates_answers_201_with_the_place(server: Serving, answers: dict[str, RawAnswer]):
    for name in ("new event", "hold"):
        (reference,) = answers[name].all(b"location")
        location = reference.removeprefix(b"..")  # the POST went to a path of `/v1/`
        token = json.loads(answers[name].body).get("hold_token", "").encode()
        own = b"Hold-Token: " + token if token else b"X-A: b"
        assert raw_answer(server.port, request(location, own, host=host_of(server.port))).status == 200


def test_an_answer_to_http_1_0_is_of_http_1_1_and_has_no_coding(answers: dict[str, RawAnswer]):
    answer = answers["health in HTTP/1.0"]
    assert answer.status_line.startswith(b"HTTP/1.1 ")
    assert answer.all(b"transfer-encoding") == []
