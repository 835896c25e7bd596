"""The baselines of the comparison sell correctly: a comparison with a program that oversells would prove nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from benchmarks.over_http import BASELINES
from benchmarks.programs import Program
from psycopg.conninfo import make_conninfo

from benchmarks import programs

CAPACITY = 30
ASKED = 80


@pytest.fixture(params=BASELINES)
def baseline(request: pytest.FixtureRequest, database_url: str) -> Iterator[Program]:
    with programs.baseline(request.param, database_url, capacity=CAPACITY) as program:
        yield program


def _hold(event: int = 1, quantity: int = 1, **more: object) -> dict[str, object]:
    return {"event": event, "lines": [{"quantity": quantity}], **more}


async def test_a_baseline_never_oversells(baseline: Program, database_url: str) -> None:
    async with httpx2.AsyncClient(base_url=baseline.url, timeout=60) as client:
        answers = await asyncio.gather(*(client.post("/v1/holds", json=_hold()) for _ in range(ASKED)))
    assert Counter(answer.status_code for answer in answers) == {201: CAPACITY, 409: ASKED - CAPACITY}
    assert len({answer.json()["hold_token"] for answer in answers if answer.status_code == 201}) == CAPACITY
    with psycopg.connect(make_conninfo(database_url, dbname=f"shop_{baseline.name}")) as connection:
        taken = connection.execute("SELECT taken FROM shop_events").fetchone()
        held = connection.execute(
            "SELECT sum(quantity), count(DISTINCT token_hash) FROM shop_holds"
        ).fetchone()
    assert taken == (CAPACITY,)
    assert held == (CAPACITY, CAPACITY)


async def test_a_baseline_returns_the_hold(baseline: Program) -> None:
    async with httpx2.AsyncClient(base_url=baseline.url, timeout=60) as client:
        hold = (await client.post("/v1/holds", json=_hold(quantity=3, ttl_seconds=60))).json()
        unknown = await client.post("/v1/holds", json=_hold(event=2))
        invalid = await client.post("/v1/holds", json=_hold(quantity=0))
        too_many = await client.post("/v1/holds", json=_hold(quantity=CAPACITY))
    assert (hold["quantity"], hold["status"], hold["lines"]) == (3, "active", [{"quantity": 3}])
    assert (unknown.status_code, invalid.status_code, too_many.status_code) == (404, 422, 409)


def test_baselines_have_the_names_of_their_files() -> None:
    folder = Path(programs.__file__).parent / "baselines"
    assert all((folder / f"{name}.py").exists() for name in BASELINES)
