"""Judge of the doors: is each scan in the log once, and does the log explain each verdict?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from holdfast.door.decide import (
    MOVEMENTS,
    Direction,
    DoorRules,
    Movement,
    Scan,
    ScannedTicket,
    ScanVerdict,
    Why,
    decide_check_in,
)

__all__ = ["Judged", "ShownScan", "judge_door", "judge_log"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownScan:
    """A scan whose verdict a page has shown, and whether the person may pass."""

    seq: int
    code: str
    direction: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a door's log lacks. `admitted_later`: the server admitted what the door alone had turned away."""

    lost: int
    doubled: int
    unexplained: int
    admitted_later: int
    verdicts: Mapping[str, int]


def judge_log(log: Sequence[Json]) -> list[str]:
    """Return the verdicts that do not follow from the movements before them, in words."""
    last: dict[str, Movement] = {}
    wrong = [f"number {one['number']} at {at}" for at, one in enumerate(log, 1) if one["number"] != at]
    for one in log:
        before = last.get(one["ticket"])
        direction = Direction(one["direction"])
        scan = Scan(
            direction=direction,
            at=datetime.fromisoformat(one["at"]),
            shown=one["shown"],
            refused=one["verdict"] == ScanVerdict.REFUSED,
        )
        ticket = ScannedTicket(why=Why.NOT_OURS if one["ticket"] is None else None)
        found = decide_check_in(scan, ticket, DoorRules(), before)
        earlier = None if found.earlier is None else found.earlier.at
        said = None if one["earlier"] is None else datetime.fromisoformat(one["earlier"]["at"])
        if (found.verdict, found.why, earlier) != (one["verdict"], one["why"], said):
            wrong.append(
                f"{one['number']}: {one['verdict']} {one['why']}, and not {found.verdict} {found.why}"
            )
        if found.verdict in MOVEMENTS:
            last[one["ticket"]] = Movement(
                direction=direction, at=datetime.fromisoformat(one["at"]), gate=one["gate"]
            )
    return wrong


def judge_door(
    log: Sequence[Json],
    device: str,
    seq: int,
    shown: Sequence[ShownScan],
    references: Mapping[str, str],
) -> Judged:
    """Compare what a door's page has shown with the scans of its device in the log."""
    own = {int(one["seq"]): one for one in log if one["device"] == device}
    recorded = sum(1 for one in log if one["device"] == device)
    lost = sum(1 for number in range(1, seq + 1) if number not in own)
    unexplained = admitted_later = 0
    for each in shown:
        one = own.get(each.seq)
        if one is None or (one["ticket"], one["direction"]) != (references.get(each.code), each.direction):
            lost += 1
        elif one["verdict"] in MOVEMENTS:
            # An answer was lost, and the door said no by itself: its page shows the difference on its return.
            admitted_later += not each.passed
        elif each.passed and not one["shown"] and not _is_recorded_again(own, one):
            unexplained += 1
    return Judged(
        lost=lost,
        doubled=recorded - len(own),
        unexplained=unexplained,
        admitted_later=admitted_later,
        verdicts=Counter(one["verdict"] for one in own.values()),
    )


def _is_recorded_again(own: Mapping[int, Json], one: Json) -> bool:
    """Return whether a later scan says that the door let this person pass, although the server had refused."""
    same = (one["ticket"], one["direction"])
    return any(
        later["shown"] and number > one["seq"] and (later["ticket"], later["direction"]) == same
        for number, later in own.items()
    )
