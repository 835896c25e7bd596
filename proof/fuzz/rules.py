"""Rules: properties of every answer, whatever the request bytes were."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from proof.fuzz.answers import Answer, Malformed, read_answers
from proof.fuzz.play import Played
from proof.fuzz.reader import MAX_TARGET_BYTES, Fault, Reading, read_requests
from proof.fuzz.scripts import CANARY, Script

__all__ = ["CERTAIN", "Violation", "canaries_in", "judge", "judge_pair"]

CERTAIN = frozenset({"form", "5xx", "count", "identity", "broken", "interim", "canary"})
"""Rules that load cannot break: one violation is proof. Other violations must occur a second time."""

_REFUSALS = frozenset({400, 408, 413, 414, 417, 431, 503})
"""Statuses of answers from a server that may not have read the request's id."""
_FRESH = b"fresh"
SMALL_REST_BYTES = 64 * 1024
"""The amount of a body that the server reads and drops after an early answer."""


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    detail: str


def judge(script: Script, played: Played) -> tuple[list[Answer], list[Violation]]:
    """Judge one run of a script. Return its answers and violations."""
    if script.end == "reset":
        return [], []
    if not played.has_ended:
        return [], [Violation("end", f"still connected, after {played.data[-300:]!r}")]
    reading = read_requests(script.data)
    try:
        answers = read_answers(played.data, _methods(reading))
    except Malformed as error:
        return [], [Violation("cut" if error.is_cut else "form", str(error))]
    finals = [one for one in answers if one.status >= 200]
    found = [Violation("5xx", f"{one.status}: {one.body[:200]!r}") for one in finals if _is_fault(one.status)]
    # This client reads to the end. A client that closed its own side only waits for its answers.
    found += [Violation("left", f"{one.body[:200]!r}") for one in finals if b"client has left" in one.body]
    found += _identities(script, reading, finals)
    found += _order(reading, finals)
    found += _completeness(script, reading, finals)
    found += _interims(reading, answers)
    found += _expectations(script, finals[: len(reading.requests)])
    return answers, found


def judge_pair(script: Script, whole: Sequence[Answer], cut: Sequence[Answer]) -> list[Violation]:
    """The same bytes have the same answers, however they arrive. Three differences are allowed.

    A refusal may know the request's id or not. If a body breaks, the answer may be one from before the break.
    A client that closes its side within a body may already have its answer. An answer before the end of a
    long head, of a large body, or of an awaited body closes the connection; a later one need not.
    """
    reading = read_requests(script.data)
    one, other = (_essence(script, reading, answers) for answers in (whole, cut))
    if reading.fault is not None and reading.fault.where == "body":
        hung_up = script.end == "half-close" and not reading.fault.is_error
        if len(one) == len(other) or hung_up:
            one, other = (essence[: len(reading.requests)] for essence in (one, other))
    last = min(len(one), len(other)) - 1
    if last >= 0 and len(one) != len(other) and _may_close_early(reading, last):
        one, other = one[: last + 1], other[: last + 1]
    if one == other or any(status == 503 for status, _ in (*one, *other)):
        return []
    return [Violation("split", f"in one write {_shown(one)}, in pieces {_shown(other)}")]


def _may_close_early(reading: Reading, place: int) -> bool:
    """Such an answer must announce the close; the rule `missing` checks it."""
    if place >= len(reading.requests):
        return False
    request = reading.requests[place]
    return (
        bool(request.expects) or len(request.body) > SMALL_REST_BYTES or request.head_bytes > MAX_TARGET_BYTES
    )


def canaries_in(reading: Reading) -> set[str]:
    """Return the event names that the bytes really request: a mutation may have turned a canary into a request."""
    found = set()
    for request in reading.requests:
        if CANARY.encode() in request.body:
            try:
                read = json.loads(request.body)
            except ValueError:
                continue
            if isinstance(read, dict):
                found.add(str(read.get("name")))
    return found


def _methods(reading: Reading) -> list[bytes]:
    """Return the methods. A server may have refused a long head before it knew the method."""
    pairs = [(request.method, request.head_bytes > MAX_TARGET_BYTES) for request in reading.requests]
    if reading.fault is not None:
        pairs.append((reading.fault.method, reading.fault.where != "body"))
    return [b"HEAD?" if method == b"HEAD" and is_unsure else method for method, is_unsure in pairs]


def _is_fault(status: int) -> bool:
    return status >= 500 and status != 503


def _identities(script: Script, reading: Reading, finals: Sequence[Answer]) -> list[Violation]:
    """Check that an answer has the id of the request at its place, or an id that the server made."""
    fault = reading.fault
    ids = [request.ids for request in reading.requests] + ([set(fault.ids)] if fault is not None else [])
    found = []
    for number, (one, allowed) in enumerate(zip(finals, ids, strict=False), 1):
        if one.id in script.data and one.id not in allowed:
            found.append(
                Violation("identity", f"answer {number} has the id {one.id!r}, not of {sorted(allowed)}")
            )
        if number <= len(reading.requests) and one.id not in allowed and one.status not in _REFUSALS:
            wanted = reading.requests[number - 1].all(b"x-request-id")
            if len(wanted) == 1 and _is_an_id(wanted[0]):
                found.append(
                    Violation("identity", f"answer {number} has the id {one.id!r}, not {wanted[0]!r}")
                )
    return found


def _is_an_id(value: bytes) -> bool:
    return 8 <= len(value) <= 64 and value.startswith(b"fuzz-") and value.replace(b"-", b"").isalnum()


def _order(reading: Reading, finals: Sequence[Answer]) -> list[Violation]:
    """Allow at most one answer per request, only refusals of broken requests, and none after a close."""
    found = []
    fault = reading.fault
    requests = len(reading.requests)
    limit = requests + (fault is not None)
    if len(finals) > limit:
        what = "" if fault is None else f" and {fault.where} with {fault.why}"
        found.append(Violation("count", f"{_shown(finals)} to {requests} requests{what}"))
    if fault is not None and len(finals) > requests and not _may_answer(fault, finals[requests]):
        found.append(Violation("broken", f"{finals[requests].status} where {fault.where} has {fault.why}"))
    for number, (one, request) in enumerate(zip(finals, reading.requests, strict=False), 1):
        if request.is_over_limits and one.status < 400:
            found.append(Violation("broken", f"answer {number} is {one.status} to a head over the limits"))
    for number, one in enumerate(finals, 1):
        if one.closes and number < len(finals):
            found.append(Violation("count", f"answer {number} says close, and {len(finals) - number} follow"))
        if not one.closes and number <= requests and reading.requests[number - 1].closes:
            found.append(Violation("close", f"answer {number} does not announce the close"))
        if not one.closes and number > requests and fault is not None and one.status in (400, 408):
            found.append(Violation("close", f"a refusal with {one.status} does not say close"))
    return found


def _may_answer(fault: Fault, answer: Answer) -> bool:
    """A broken head must be refused. Before a broken body, a request that needs no body may have been answered."""
    if fault.where != "body":
        return answer.status in _REFUSALS
    return 400 <= answer.status < 500 or fault.method not in (b"POST", b"PUT", b"PATCH")


def _completeness(script: Script, reading: Reading, finals: Sequence[Answer]) -> list[Violation]:
    """Check that every complete request before the first error has its answer, and the error too, unless an
    answer closed."""
    if finals and finals[-1].closes:
        return []
    fault = reading.fault
    due = len(reading.requests)
    if fault is not None and fault.where != "empty lines" and (fault.is_error or script.end != "half-close"):
        due += 1
    if len(finals) >= due:
        return []
    why = "" if fault is None else f"; {fault.where} has {fault.why}"
    return [Violation("missing", f"{len(finals)} answers of {due}, and the last did not close{why}")]


def _interims(reading: Reading, answers: Sequence[Answer]) -> list[Violation]:
    """Allow 100 Continue only once, before the answer, and for a client that expected it."""
    fault = reading.fault
    expects = [request.expects for request in reading.requests] + (
        [fault.expects] if fault is not None else []
    )
    finals, here = 0, 0
    for one in answers:
        if one.status >= 200:
            finals, here = finals + 1, 0
            continue
        here += 1
        may = finals < len(expects) and expects[finals] == b"100-continue"
        if one.status != 100 or here > 1 or not may:
            return [Violation("interim", f"{one.status} before answer {finals + 1}, number {here}")]
    return []


def _expectations(script: Script, finals: Sequence[Answer]) -> list[Violation]:
    """Check that an undamaged request has its usual answer."""
    return [
        Violation(
            "expected", f"answer {number} is {one.status} {one.body[:200]!r}, not one of {sorted(statuses)}"
        )
        for number, (one, statuses) in enumerate(zip(finals, script.expected, strict=False), 1)
        if one.status not in statuses and one.status != 503
    ]


def _essence(script: Script, reading: Reading, answers: Sequence[Answer]) -> list[tuple[int, bytes]]:
    """Return statuses and ids. All ids that the server made count as equal, and so do those of refusals."""
    fault = reading.fault
    finals = [one for one in answers if one.status >= 200]
    found = []
    for number, one in enumerate(finals):
        if number < len(reading.requests):
            is_known = one.id in script.data and reading.requests[number].head_bytes <= MAX_TARGET_BYTES
            found.append((one.status, one.id if is_known else _FRESH))
            continue
        # Two errors: the cuts decide which is reported first. The second is the length, or it is in the body.
        is_either = (
            fault is not None
            and fault.where == "head"
            and (fault.head_bytes > MAX_TARGET_BYTES or fault.at > fault.start + fault.head_bytes)
        )
        found.append((400 if is_either and one.status in (414, 431) else one.status, _FRESH))
    return found


def _shown(answers: Sequence[Answer] | Sequence[tuple[int, bytes]]) -> str:
    pairs = [(one.status, one.id) if isinstance(one, Answer) else one for one in answers]
    return ", ".join(f"{status} ({id.decode('latin-1')})" for status, id in pairs) or "nothing"
