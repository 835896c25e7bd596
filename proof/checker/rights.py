"""C9: the actor in the journal is the caller of the operation."""

from __future__ import annotations

from typing import Any

from proof.checker.claims import Claim
from proof.checker.journal import Act, Replay
from proof.checker.ledger import Ledger
from proof.checker.verdict import Report
from proof.history import Op

__all__ = ["check_rights"]


def check_rights(ledger: Ledger, report: Report, replays: dict[str, Replay]) -> None:
    """Check that someone requested each act of the journal, and that the actor had the right to it."""
    principals: dict[str, Any] = (ledger.history.setup.get("settings") or {}).get("principals") or {}
    for event, replay in replays.items():
        if event not in ledger.history.halls:
            continue
        for act in replay.acts:
            claim = ledger.by_hold.get(act.hold)
            if claim is None:
                continue  # no client knows it; `final` checks whether it may exist
            ops = _requests_for(claim, act)
            able = [op for op in ops if op.st != "fail"]
            if not able and act.by != "event_cancelled":
                detail = f"the journal has {act.change} of hold {act.hold} by {act.by}; nobody requested it"
                report.accuse("C9", event, detail, claim.op, *ops[:1])
                continue
            wanted = {principals[op.user] for op in able if op.user in principals}
            if wanted and len(wanted) == len({op.user for op in able}) and act.by not in wanted:
                detail = (
                    f"the journal says that {act.by} {act.change} hold {act.hold}; it was {sorted(wanted)}"
                )
                report.accuse("C9", event, detail, able[0])
            buyers = {op.given.get("buyer") for op in able if op.f == "hold"}
            if buyers and not buyers & {None, act.buyer} and act.buyer is not None:
                report.accuse("C9", event, f"the journal names {act.buyer} as the buyer", able[0])


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
            return claim.cancels
    return []
