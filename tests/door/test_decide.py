"""Check-in rules: one file of vectors decides for the server and for the page of a door without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.door.decide import (
    Direction,
    DoorDecision,
    DoorRules,
    EntryList,
    Movement,
    ReEntry,
    Scan,
    ScannedTicket,
    ScanVerdict,
    Why,
    decide_check_in,
)
from support.browser import CHROMIUM, chromium

Json = dict[str, Any]

VECTORS: list[Json] = json.loads((Path(__file__).parent / "vectors.json").read_text())
SCRIPT = Path(__file__).parents[2] / "src/holdfast/web/static/decide.js"
PROGRAM = """
const { decideCheckIn } = await import(process.argv[1]);
let text = "";
for await (const part of process.stdin) text += part;
const found = JSON.parse(text).map(({ scan, ticket, rules, last }) => decideCheckIn(scan, ticket, rules, last));
console.log(JSON.stringify(found));
"""


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _movement(given: Json | None) -> Movement | None:
    if given is None:
        return None
    at = datetime.fromisoformat(given["at"])
    return Movement(direction=Direction(given["direction"]), at=at, gate=given["gate"])


def _rules(given: Json) -> DoorRules:
    lists = [
        EntryList(
            name=each["name"],
            areas=each["areas"],
            categories=each["categories"],
            opens_at=_time(each["opens_at"]),
            closes_at=_time(each["closes_at"]),
        )
        for each in given["lists"]
    ]
    return DoorRules(re_entry=ReEntry(given["re_entry"]), lists=lists)


def _decide(vector: Json) -> DoorDecision:
    scan, ticket = vector["scan"], vector["ticket"]
    return decide_check_in(
        Scan(
            direction=Direction(scan["direction"]),
            at=datetime.fromisoformat(scan["at"]),
            list=scan["list"],
            shown=scan["shown"],
            refused=scan.get("refused", False),
        ),
        ScannedTicket(
            why=None if ticket["why"] is None else Why(ticket["why"]),
            area=ticket["area"],
            category=ticket["category"],
        ),
        _rules(vector["rules"]),
        _movement(vector["last"]),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[each["name"] for each in VECTORS])
def test_the_server_decides_as_the_vectors_say(vector: Json) -> None:
    wanted = vector["entry"]
    assert _decide(vector) == DoorDecision(
        verdict=ScanVerdict(wanted["verdict"]),
        why=None if wanted["why"] is None else Why(wanted["why"]),
        earlier=_movement(wanted["earlier"]),
    )


def test_the_page_decides_as_the_vectors_say() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; the next test runs the script in Chromium")
    command = [node, "--input-type=module", "--eval", PROGRAM, str(SCRIPT)]
    ran = subprocess.run(command, input=json.dumps(VECTORS), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for vector, found in zip(VECTORS, json.loads(ran.stdout), strict=True):
        assert found == vector["entry"], vector["name"]


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_decides_as_the_vectors_say(tmp_path: Path) -> None:
    script = json.dumps("data:text/javascript;base64," + b64encode(SCRIPT.read_bytes()).decode())
    decide = "({decideCheckIn}) => vectors.map((v) => decideCheckIn(v.scan, v.ticket, v.rules, v.last))"
    with chromium(tmp_path / "profile") as browser:
        browser.open("about:blank")
        found = browser.run(f"{{const vectors = {json.dumps(VECTORS)}; import({script}).then({decide})}}")
    for vector, entry in zip(VECTORS, found, strict=True):
        assert entry == vector["entry"], vector["name"]


def test_every_verdict_and_every_reason_has_a_vector() -> None:
    assert {each["entry"]["verdict"] for each in VECTORS} == set(ScanVerdict)
    assert {each["entry"]["why"] for each in VECTORS} == {None, *Why}
