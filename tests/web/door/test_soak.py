"""A small soak of the doors; `python -m benchmarks.doors` makes the whole one. And a judge that sees what is wrong."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from benchmarks.doors.judge import ShownScan, judge_door, judge_log
from benchmarks.doors.soak import SoakDoor, known_of, prepare, run_soak, sell_tickets

from support.browser import CHROMIUM, chromium
from support.cut_network import cut_network
from support.threaded_server import threaded_server
from web.door.visits import log_of

SCANS = 240

IN = {"direction": "in", "at": "2026-12-12T19:00:00+00:00", "gate": "Door A"}
ROW: dict[str, Any] = {
    **IN,
    "number": 1,
    "device": "a",
    "seq": 1,
    "shown": False,
    "verdict": "admitted",
    "why": None,
    "earlier": None,
    "ticket": "02VWBM8G-1",
}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_three_doors_lose_and_double_nothing(database_url: str, tmp_path: Path) -> None:
    random = Random(7)
    with threaded_server(database_url) as url, ExitStack() as stack:
        event, references = sell_tickets(url, SCANS // 4)
        doors = [SoakDoor(gate=name, network=stack.enter_context(cut_network(url))) for name in "ABC"]
        browser = stack.enter_context(chromium(tmp_path / "profile"))
        prepare(browser, doors, event)
        run_soak(browser, doors, event, list(references), scans=SCANS, random=random)
        known = [known_of(browser, door) for door in doors]
        log = log_of(url, event)
    assert judge_log(log) == []
    for door, (device, seq) in zip(doors, known, strict=True):
        found = judge_door(log, device, seq, door.shown, references)
        assert (found.lost, found.doubled, found.unexplained) == (0, 0, 0)
    assert sum(len(door.shown) for door in doors) > SCANS / 4


def test_the_judge_sees_a_lost_a_doubled_and_a_wrong_scan() -> None:
    shown = [ShownScan(seq=1, code="c", direction="in", passed=True)]
    references = {"c": str(ROW["ticket"])}
    fine = judge_door([ROW], "a", 1, shown, references)
    assert (fine.lost, fine.doubled, fine.unexplained) == (0, 0, 0)
    assert judge_log([ROW]) == []
    assert judge_door([], "a", 1, [], references).lost == 1
    assert judge_door([ROW, ROW | {"number": 2}], "a", 1, shown, references).doubled == 1
    assert judge_door([ROW | {"ticket": None}], "a", 1, shown, references).lost == 1
    refused = ROW | {"verdict": "again", "why": "already_in", "earlier": IN}
    assert judge_door([refused], "a", 1, shown, references).unexplained == 1
    again = ROW | {
        "number": 2,
        "seq": 2,
        "verdict": "duplicate",
        "why": "already_in",
        "earlier": IN,
        "shown": True,
    }
    assert judge_door([refused, again], "a", 2, shown, references).unexplained == 0
    for wrong in (ROW | {"verdict": "duplicate"}, ROW | {"number": 3}, refused):
        assert len(judge_log([wrong])) == 1
    assert len(judge_log([ROW, ROW | {"number": 2, "seq": 2}])) == 1
