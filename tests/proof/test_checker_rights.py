"""C9: histories of callers, written by hand. Each wrong answer is accused, and each right one is not."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.access.permissions import Role, Scope, of_role, of_scopes, permissions_of
from proof.checker.entitled import NEEDS, may
from proof.checker.rights import asks_by_class, check_answers
from proof.checker.verdict import Report
from proof.history import FOREVER, SECOND, Ask, Fault, History

OWN, OTHER = 2, 3
WORDS = '{"code":"event_not_found"}'


def caller(role: str, *, principal: str = "account:7", **more: Any) -> dict[str, Any]:
    return {
        "name": "someone",
        "principal": principal,
        "role": role,
        "headers": [("Cookie", "holdfast=x")],
        "organisation": 1,
        "events": None,
        "until": None,
        **more,
    }


def ask(
    status: int,
    code: str | None = None,
    *,
    request: str = "list_blocks",
    number: int = OWN,
    exists: bool = True,
    at: float = 0.0,
    words: str = WORDS,
    who: str | None = "someone",
) -> Ask:
    given = {"event": "e", "request": request, "number": number, "exists": exists}
    lo = round(at * SECOND)
    return Ask(
        caller=who, given=given, lo=lo, hi=lo + SECOND // 10, status=status, code=code, words=words, lines=[]
    )


def accusations(
    who: dict[str, Any],
    *asks: Ask,
    ends: tuple[float, float] | None = None,
    faults: tuple[tuple[float, float, int], ...] = (),
    name: str = "x",
) -> int:
    history = History(setup={"settings": {"callers": [who]}}, asks=list(asks))
    if ends is not None:
        history.ends["someone"] = (round(ends[0] * SECOND), round(ends[1] * SECOND))
    for start, stop, jump in faults:
        history.faults.append(Fault(name=name, t0=round(start * SECOND), t1=round(stop * SECOND), jump=jump))
    report = Report(history)
    check_answers(history, report)
    return report.count["C9"]


ABSENT = "event_not_found"
LIMITED = {"events": [OWN]}


@pytest.mark.parametrize(
    ("who", "right", "wrong"),
    [
        (caller("manager"), ask(200), ask(403, "forbidden")),
        (caller("manager"), ask(409, "invalid_transition", request="publish_event"), ask(401)),
        (caller("manager"), ask(404, ABSENT, exists=False), ask(200, exists=False)),
        (caller("door"), ask(403, "forbidden", request="publish_event"), ask(200, request="publish_event")),
        (caller("door"), ask(403, "forbidden", request="list_keys"), ask(404, ABSENT, request="list_keys")),
        (caller("buyer"), ask(403, "forbidden"), ask(200)),
        (caller("door", principal="key:a"), ask(200, request="check_ticket"), ask(200)),
        (caller("manager", **LIMITED), ask(200), ask(404, ABSENT)),
        (caller("manager", **LIMITED), ask(404, ABSENT, number=OTHER), ask(200, number=OTHER)),
        (caller("manager", **LIMITED), ask(403, request="list_webhooks"), ask(200, request="list_webhooks")),
        (caller("owner", organisation=2), ask(404, ABSENT), ask(200)),
        (caller("owner", organisation=2), ask(200, request="list_keys"), ask(403, request="list_keys")),
        (caller("owner"), ask(401, who=None), ask(200, who=None)),
    ],
)
def test_an_answer_is_judged_by_the_callers_rights(who: dict[str, Any], right: Ask, wrong: Ask) -> None:
    assert accusations(who, right) == 0
    assert accusations(who, wrong) == 1


@pytest.mark.parametrize("code", ["unavailable", "busy", "not_sent"])
def test_an_answer_that_says_nothing_is_not_judged(code: str) -> None:
    assert accusations(caller("buyer"), ask(503, code)) == 0


def test_what_is_absent_is_answered_alike() -> None:
    who = caller("manager", **LIMITED)
    foreign, none = ask(404, ABSENT, number=OTHER), ask(404, ABSENT, exists=False)
    assert accusations(who, foreign, none) == 0
    assert accusations(who, foreign, ask(404, ABSENT, exists=False, words="{}")) == 1


def test_a_revoked_key_opens_nothing_after_a_second() -> None:
    who, ends = caller("organise", principal="key:a"), (10.0, 11.0)
    for at, status in ((5.0, 200), (10.5, 200), (10.5, 401), (11.9, 200), (11.9, 401), (12.1, 401)):
        assert accusations(who, ask(status, at=at), ends=ends) == 0, (at, status)
    for at, status in ((5.0, 401), (12.1, 200), (12.1, 403)):
        assert accusations(who, ask(status, at=at), ends=ends) == 1, (at, status)


def test_a_server_that_lost_its_database_goes_by_what_it_knew() -> None:
    who, ends = caller("organise", principal="key:a"), (10.0, 11.0)
    assert accusations(who, ask(200, at=14.0), ends=ends, faults=((12.0, 13.0, 0),)) == 0
    assert accusations(who, ask(200, at=30.0), ends=ends, faults=((12.0, 13.0, 0),)) == 1


def test_a_session_may_end_when_a_clock_jumps() -> None:
    jump = ((1.0, 2.0, 86_400 * SECOND),)
    assert accusations(caller("owner"), ask(401, at=3.0), faults=jump) == 0
    key = caller("organise", principal="key:a", headers=[("Authorization", "Bearer x")])
    assert accusations(key, ask(401, at=3.0), faults=jump) == 1


def test_a_token_may_have_ended_for_servers_with_a_wrong_clock() -> None:
    """Servers judge a token by their own clock, and a session by the database's."""
    token = caller("sell", until=FOREVER, headers=[("Authorization", "Bearer x")])
    wrong = ((1.0, 2.0, 0),)
    assert accusations(token, ask(401, at=1.5), faults=wrong, name="app-clock") == 0
    assert accusations(token, ask(401, at=3.0), faults=wrong, name="app-clock") == 1
    assert accusations(caller("owner"), ask(401, at=1.5), faults=wrong, name="app-clock") == 1
    assert accusations(token, ask(401, at=1.5), faults=wrong) == 1


def test_a_run_in_open_mode_has_no_callers() -> None:
    history = History(asks=[ask(200, who=None)])
    report = Report(history)
    check_answers(history, report)
    assert not report.violations


def test_asks_are_counted() -> None:
    history = History(asks=[ask(200), ask(403), ask(404, ABSENT), ask(401, at=20.0)])
    history.ends["someone"] = (SECOND, 2 * SECOND)
    assert asks_by_class(history) == {
        "asks_refused": 1,
        "asks_absent": 1,
        "asks_done": 1,
        "asks_after_a_revocation": 1,
    }


def test_the_table_by_hand_agrees_with_the_products() -> None:
    """Two tables, written apart: a right that changes in one of them only shows here."""
    for request, permission in NEEDS.items():
        for role in Role:
            granted = {str(one) for one in of_role(role)}
            assert may(caller(role.value), request) == (permission in granted), (request, role)
            limited = {str(one) for one in permissions_of(role.value, is_limited=True)}
            if request != "list_bookings":  # of all events, which the request here never asks for
                assert may(caller(role.value, **LIMITED), request) == (permission in limited), (request, role)
        for scope in (Scope.READ, Scope.SELL, Scope.ORGANISE, Scope.DOOR):
            granted = {str(one) for one in of_scopes(frozenset({scope}))}
            assert may(caller(scope.value, principal="key:a"), request) == (permission in granted)
