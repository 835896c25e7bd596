"""Every recorded find gets its right answer: in one write, in its original pieces, and byte by byte."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proof.fuzz.play import play
from proof.fuzz.rules import judge
from proof.fuzz.scripts import Cut, Script
from scenarios.wire.finds import FINDS, Find
from support.serving import Serving


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server with short deadlines and one event."""
    with tempfile.TemporaryDirectory(prefix="holdfast-finds-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with Serving(Path(name) / "data", body_timeout_seconds="1", keep_alive_seconds="1") as server:
            request = urllib.request.Request(
                f"http://127.0.0.1:{server.port}/v1/events",
                json.dumps({"name": "Concert", "capacity": 1_000}).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as answer:
                assert json.load(answer)["number"] == 1
            yield server.port
        assert "Traceback" not in "\n".join(server.said)


WAYS = ("in one write", "as found", "byte by byte")


@pytest.mark.parametrize(
    ("find", "way"),
    [(find, way) for find in FINDS for way in WAYS if not (find.is_early and way == "byte by byte")],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
async def test_a_find_gets_the_right_answer(port: int, find: Find, way: str) -> None:
    script = script_of(find, port)
    if way == "byte by byte":
        script = replace(script, cuts=tuple(Cut(at) for at in range(1, min(len(script.data), 4_000))))
    answers, violations = judge(script, await play(port, script, in_one_write=way == "in one write"))
    assert violations == []
    assert tuple(one.status for one in answers if one.status >= 200) == find.statuses


def test_the_names_of_finds_are_unique() -> None:
    assert len({find.name for find in FINDS}) == len(FINDS)


def script_of(find: Find, port: int) -> Script:
    data = b""
    cuts: list[Cut] = []
    waits = False
    for piece in find.pieces:
        if piece is None:
            waits = True
            continue
        if data:
            cuts.append(Cut(len(data), "answer" if waits else "short"))
        data += piece.replace(b"@PORT@", b"%d" % port)
        waits = False
    return Script(number=0, data=data, cuts=tuple(cuts), end=find.end)
