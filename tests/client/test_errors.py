"""The SDK's errors: a class for every code, and no answer that breaks the client."""

from __future__ import annotations

import pytest

from holdfast.errors import HoldfastError as ServerError
from holdfast.errors import all_errors
from holdfast_client import errors
from holdfast_client.calls import Answer, get
from holdfast_client.error_answers import error_of
from holdfast_client.sales import Quantity, place_hold

NOT_MET = {  # the SDK never causes these; they are raised as Refused with their code
    "malformed_json",
    "bad_request",
    "body_too_large",
    "expectation_failed",
    "headers_too_large",
    "method_not_allowed",
    "precondition_failed",
    "unsupported_media_type",
    "uri_too_long",
}


@pytest.mark.parametrize(("code", "server"), sorted(all_errors().items()))
def test_every_server_code_has_a_client_error(code: str, server: type[ServerError]) -> None:
    """The class has the same status, in the branch of that status."""
    error = error_of(server.status, {"code": code, "detail": "Why."})
    assert (error.code, error.status, error.detail) == (code, server.status, "Why.")
    if code not in NOT_MET:
        assert code == type(error).CODE
        assert server.status == type(error).STATUS
    branch = {"4": errors.Refused, "5": errors.TryAgain}[str(server.status)[0]]
    assert isinstance(error, errors.TryAgain if server.status in (408, 429) else branch)


def test_an_error_has_the_members_of_its_problem() -> None:
    problem = {
        "type": "https://example/problems/not_together",
        "title": "Not together",
        "status": 409,
        "detail": "No 4 side by side.",
        "code": "not_together",
        "instance": "request-1",
        "error": "No 4 side by side.",
        "available": 9,
        "errors": [{"pointer": "/lines/0", "code": "not_together", "detail": "9 are free.", "more": 1}],
    }
    error = error_of(409, problem, request_id="request-1")
    assert isinstance(error, errors.NotTogether)
    assert error.facts == {"available": 9}
    assert error.errors == (errors.FieldError(pointer="/lines/0", code="not_together", detail="9 are free."),)
    assert error.request_id == "request-1"
    assert str(error) == "No 4 side by side. (409 not_together, request request-1)"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (409, errors.Conflict),
        (410, errors.Gone),
        (418, errors.Refused),
        (503, errors.Unavailable),
        (500, errors.BadAnswer),
    ],
)
@pytest.mark.parametrize(
    "content", [b'{"code":"of_next_year"}', b"<html>", b"", b"[]", b'{"code":7,"errors":[3]}', b"\xff"]
)
def test_an_unknown_code_raises_the_branch_of_its_status(
    status: int, kind: type[errors.HoldfastError], content: bytes
) -> None:
    call = get("/v1/events", lambda answer: answer)
    with pytest.raises(kind) as raised:
        call.result(Answer(status=status, content=content))
    assert type(raised.value) is kind
    assert raised.value.status == status


def test_an_error_has_what_the_server_says_of_the_next_try() -> None:
    """Its text names Retry-After, which only the SDK saw. A proxy sends the header without a document."""
    headers = {"retry-after": "7"}
    for content in (b'{"code": "rate_limited", "detail": "Later."}', b"<html>"):
        with pytest.raises(errors.RateLimited) as raised:
            get("/v1/events", lambda answer: answer).result(
                Answer(status=429, headers=headers, content=content)
            )
        assert raised.value.retry_after_seconds == 7.0
    with pytest.raises(errors.NotFound) as missing:
        get("/v1/events", lambda answer: answer).result(Answer(status=404))
    assert missing.value.retry_after_seconds is None


def test_an_unreadable_answer_to_a_sale_keeps_its_key() -> None:
    """The server has made the hold. Only the same key reads it again, for example with a newer SDK."""
    call = place_hold(7, Quantity(1), idempotency_key="k" * 22)
    with pytest.raises(errors.BadAnswer) as raised:
        call.result(Answer(status=201, headers={"x-request-id": "r1"}, content=b'{"id": 7}'))
    found = raised.value
    assert (found.status, found.request_id, found.idempotency_key) == (201, "r1", "k" * 22)


@pytest.mark.parametrize("status", [404, 405, 418])
def test_an_answer_of_another_program_says_to_check_the_address(status: int) -> None:
    with pytest.raises(errors.Refused, match="not as Holdfast does: check its address"):
        get("/v1/events", lambda answer: answer).result(Answer(status=status, content=b"<html>"))
