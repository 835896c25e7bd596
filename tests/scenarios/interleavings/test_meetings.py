"""In any order of their statements, the answers of two or three batches are those of one batch after the other.

The nightly run tries every order of every pair, and thousands of the others:
`PYTHONPATH=tests python -m scenarios.interleavings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from scenarios.interleavings.orders import DrawnOrder, EveryOrder
from scenarios.interleavings.playing import Played, play
from scenarios.interleavings.scenes import ACTORS, STATES, Scene, plain_scenes, random_scene
from scenarios.interleavings.special import special_scenes
from scenarios.interleavings.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAIRS, TRIPLES, SPECIAL = list(plain_scenes(2)), list(plain_scenes(3)), list(special_scenes())
GROUPS = [f"{inventory}, {state}" for inventory in ("seats", "counted") for state in STATES]


def named(scenes: Sequence[Scene], prefix: str) -> list[Scene]:
    found = [scene for scene in scenes if scene.name.startswith(prefix)]
    assert found
    return found


async def draw(stage: Stage, scene: Scene, seed: int) -> Played:
    random = Random(f"{scene.name} {seed}")
    warm = [who for who in ACTORS if random.random() < 0.75]
    played = await play(stage, scene, DrawnOrder(random).choose, warm=warm)
    assert played.wrong == [], f"{scene.name}, seed {seed}: {played.trace}"
    return played


@pytest.mark.parametrize("group", GROUPS)
async def test_a_confirm_and_a_release_in_every_order(stage: Stage, group: str) -> None:
    """On a live hold one of them wins, and the other is refused. On a lapsed hold neither wins."""
    (scene,) = named(PAIRS, f"{group}: confirm + release")
    every, traces, orders = EveryOrder(), [], set()
    while True:
        played = await play(stage, scene, every.choose, free=("BEGIN",))
        assert played.wrong == [], str(played.trace)
        traces.append(str(played.trace))
        orders.add(played.order)
        if not every.advance():
            break
    assert len(set(traces)) == len(traces) > 10
    assert len(orders) == (2 if group.endswith("live") else 1)


@pytest.mark.parametrize("group", GROUPS)
async def test_two_verbs_on_the_same_admissions(stage: Stage, group: str) -> None:
    for scene in named(PAIRS, group):
        await draw(stage, scene, 1)


@pytest.mark.parametrize("group", GROUPS)
async def test_three_verbs_on_the_same_admissions(stage: Stage, group: str) -> None:
    for scene in named(TRIPLES, group)[::3]:
        await draw(stage, scene, 1)


@pytest.mark.parametrize("scene", SPECIAL, ids=lambda scene: scene.name)
async def test_special_meetings(stage: Stage, scene: Scene) -> None:
    for seed in range(4):
        await draw(stage, scene, seed)


@pytest.mark.parametrize("seeds", [range(at, at + 20) for at in range(0, 60, 20)], ids=str)
async def test_random_batches(stage: Stage, seeds: range) -> None:
    for seed in seeds:
        await draw(stage, random_scene(seed), seed)
