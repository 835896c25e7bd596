"""The output of a rush while it runs, and at its end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from support.rushing import House, Start
from support.serving import environment

QUICK = ("--buyers", 80, "--over", 2.5, "--pay-seconds", "0.1-1", "--come-back-seconds", "0.5-1")


def test_a_rush_without_a_terminal_prints_a_line_every_second(house: House, start: Start) -> None:
    """The first lines show the limits in force, the last ones the verdict and the report's path."""
    event = house.sell(capacity=50, max_per_hold=4, hold_ttl_seconds=60)
    rush = start(house.url, "--event", event, *QUICK)
    assert rush.end() == 0, rush.said
    names = [line.partition(":")[0] for line in rush.said[:5]]
    assert names == ["Server", "Event", "Crowd", "Wish", "Machine"]
    assert "50 of 50 available, holds live 60 s, 4 per hold" in rush.said[1]
    assert re.search(r"file descriptors each.* ports, up to 80 connections", rush.said[4])
    seconds = [
        line
        for line in rush.said
        if re.match(r"\d\d:\d\d  came \d+ of 80 · inside \d+ · holds granted", line)
    ]
    assert len(seconds) >= 2
    assert rush.said[-1] == f"Report: {rush.folder}/report.html, {rush.folder}/report.json\n"
    assert not any("\x1b" in line for line in rush.said)


def test_a_rush_in_a_terminal_shows_a_dashboard(house: House, tmp_path: Path) -> None:
    event = house.sell(capacity=60)
    ours, theirs = pty.openpty()
    arguments = ["rush", house.url, "--event", str(event), *map(str, QUICK), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", *arguments],
        env={**environment(), "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while True:
        try:
            said += os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait(60) == 0, said.decode()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    assert re.search(r"00:0\d of 00:02, (coming|finishing)", text)
    for part in ("█ booked ", "░ available ", "own lag", "connections", "It adds up."):
        assert part in text
    assert b"\x1b[1A" in said
