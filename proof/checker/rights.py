"""C9: everyone may do what its rights allow, and nothing else; and the journal names who did it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from proof.checker.claims import Claim
from proof.checker.entitled import expected
from proof.checker.journal import Act, Replay
from proof.checker.ledger import Ledger
from proof.checker.verdict import Report
from proof.history import FOREVER, SECOND, Ask, History, Op

__all__ = ["asks_by_class", "callers_of", "check_answers", "check_rights"]

Caller = Mapping[str, Any]

GUEST: Caller = {"name": "guest", "principal": "guest", "role": "guest", "organisation": None, "events": None}
REVOKED_AFTER = SECOND
"""A server may know a key until then after its end."""
RECOVERED_AFTER = 5 * SECOND
_EVENT_CANCELLED = "event_cancelled"
_UNJUDGED = frozenset({"busy", "unavailable", "rate_limited", "in_progress", "not_sent", "request_timeout"})


def callers_of(history: History) -> dict[str, Caller]:
    """Return the callers of the run by name; none for a run in open mode."""
    listed = (history.setup.get("settings") or {}).get("callers") or []
    return {"guest": GUEST, **{one["name"]: one for one in listed}} if listed else {}


def check_rights(ledger: Ledger, report: Report, replays: dict[str, Replay]) -> None:
    """Check that someone requested each act of the journal, and that the actor had the right to it."""
    principals: dict[str, Any] = (ledger.history.setup.get("settings") or {}).get("principals") or {}
    callers = callers_of(ledger.history)
    for event, replay in replays.items():
        if event not in ledger.history.halls:
            continue
        for act in replay.acts:
            claim = ledger.by_hold.get(act.hold)
            if claim is None:
                continue  # no client knows it; `final` checks whether it may exist
            if act.by == _EVENT_CANCELLED:  # even if somebody asked for the same without an answer
                if _EVENT_CANCELLED not in ledger.turns.get(event, ()):
                    detail = f"the journal says that its cancellation ended hold {act.hold}; it has none"
                    report.accuse("C9", event, detail, claim.op)
                continue
            ops = _requests_for(claim, act)
            able = [op for op in ops if op.st != "fail"]
            if not able:
                detail = f"the journal has {act.change} of hold {act.hold} by {act.by}; nobody requested it"
                report.accuse("C9", event, detail, claim.op, *ops[:1])
                continue
            named = [_principal_of(op, principals, callers) for op in able]
            wanted = {one for one in named if one is not None}
            if wanted and None not in named and act.by not in wanted:
                detail = (
                    f"the journal says that {act.by} {act.change} hold {act.hold}; it was {sorted(wanted)}"
                )
                report.accuse("C9", event, detail, able[0])
            buyers = {op.given.get("buyer") for op in able if op.f == "hold"}
            if buyers and not buyers & {None, act.buyer} and act.buyer is not None:
                report.accuse("C9", event, f"the journal names {act.buyer} as the buyer", able[0])


def check_answers(history: History, report: Report) -> None:
    """Check each caller's answers: foreign is absent, no right is refused, a right is not, and an end is an end."""
    callers, words = callers_of(history), dict[str, str]()
    for ask in history.asks if callers else ():
        _check_ask(ask, callers[ask.caller or "guest"], history, report, words)
    for op in history.changing() if callers else ():
        _, ended = history.ends.get(op.given.get("as") or "", (FOREVER, FOREVER))
        if op.st == "ok" and op.lo > ended + REVOKED_AFTER and not _is_shaken(history, op.lo, op.hi):
            detail = f"{op.given['as']} did a {op.f} more than a second after its key was revoked"
            report.accuse("C9", op.event, detail, op)


def asks_by_class(history: History) -> dict[str, int]:
    """Return how many answers of each class the run has, and how many asks of ended keys."""
    classes = Counter(map(_class_of, history.asks))
    ends = {name: ended + REVOKED_AFTER for name, (_, ended) in history.ends.items()}
    late = sum(ask.lo > ends.get(ask.caller or "", FOREVER) for ask in history.asks)
    named = {f"asks_{name}": classes[name] for name in ("refused", "absent", "done")}
    return {**named, "asks_after_a_revocation": late}


def _check_ask(ask: Ask, caller: Caller, history: History, report: Report, words: dict[str, str]) -> None:
    request, number = ask.given["request"], ask.given["number"]
    seen = _class_of(ask)
    if seen == "unjudged":
        return
    ending, ended = history.ends.get(caller["name"], (FOREVER, FOREVER))
    wanted = {expected(caller, request, number, exists=ask.given["exists"])}
    if ask.lo > ended + REVOKED_AFTER and not _is_shaken(history, ask.lo, ask.hi):
        wanted = {"unknown"}
    elif (
        ask.hi > ending
        or (_ends_by_time(caller) and _after_a_jump(history, ask.hi))
        or (caller.get("until") is not None and _had_wrong_servers(history, ask.lo, ask.hi))
    ):
        wanted.add("unknown")
    if seen not in wanted:
        who = f"{caller['name']} ({caller['role']})"
        detail = f"{request} of event {number} by {who} was {seen}, and must be {' or '.join(sorted(wanted))}"
        report.accuse("C9", ask.given["event"], f"{detail}: {ask.status} {ask.code}", lines=ask.lines)
    elif seen == "absent":
        first = words.setdefault(request, ask.words)
        if first != ask.words:
            detail = f"two events that are absent for {request} are answered {first} and {ask.words}"
            report.accuse("C9", ask.given["event"], detail, lines=ask.lines)


def _is_shaken(history: History, start: int, end: int) -> bool:
    """Return whether the keys' database may have been away: servers then go by what they knew."""
    return bool(history.faults_in(start - RECOVERED_AFTER, end))


def _ends_by_time(caller: Caller) -> bool:
    return caller.get("until") is not None or any(name == "Cookie" for name, _ in caller.get("headers", ()))


def _after_a_jump(history: History, moment: int) -> bool:
    """Return whether a clock had jumped, which may have ended sessions and tokens."""
    return any(fault.jump and fault.t0 < moment for fault in history.faults)


def _had_wrong_servers(history: History, start: int, end: int) -> bool:
    """Return whether the servers' clocks were a day off: by them, an access token has ended or not begun."""
    return any(fault.name == "app-clock" for fault in history.faults_in(start, end))


def _class_of(ask: Ask) -> str:
    if ask.code in _UNJUDGED:
        return "unjudged"
    if ask.code == "event_not_found":
        return "absent"
    return {401: "unknown", 403: "refused"}.get(ask.status or 0, "done")


def _principal_of(op: Op, principals: Mapping[str, Any], callers: Mapping[str, Caller]) -> str | None:
    """Return the name that the journal must have; None if it is not known."""
    if not callers:
        return principals.get(op.user)
    principal: str = callers[op.given.get("as") or "guest"]["principal"]
    return principal


def _requests_for(claim: Claim, act: Act) -> list[Op]:
    match act.change:
        case "held":
            return claim.places
        case "booked":
            return claim.books
        case "extended":
            return claim.extends
        case "released":
            return claim.releases
        case "cancelled":
            return claim.last.cancels
        case "reduced" | "exchanged":
            return claim.changes
    return []
