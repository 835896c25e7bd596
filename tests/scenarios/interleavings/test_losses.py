"""A connection breaks at any statement. Its client gets a true answer, and the waiting batch is served."""

from __future__ import annotations

import pytest

from scenarios.interleavings.floor import Loss
from scenarios.interleavings.losses import LOADS, WRITES, Broken, play_loss
from scenarios.interleavings.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
async def test_a_batch_runs_again_after_a_connection_lost_at_a_load(stage: Stage, after: bool) -> None:
    """The batch sent no write yet, so it can run again."""
    for name in LOADS:
        played = await play_loss(stage, Broken(loss=Loss(who="a", name=name, after=after), waits=True))
        assert played.wrong == [], str(played.trace)


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
async def test_two_connections_lost_at_a_load_are_unavailable(stage: Stage, after: bool) -> None:
    for name in LOADS[::2]:
        loss = Loss(who="a", name=name, after=after, times=2)
        played = await play_loss(stage, Broken(loss=loss, waits=True))
        assert played.wrong == [], str(played.trace)


@pytest.mark.parametrize("waits", [False, True], ids=["alone", "another waits"])
@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
async def test_a_connection_lost_at_a_write_has_an_unknown_outcome(
    stage: Stage, after: bool, waits: bool
) -> None:
    """The same request with its key settles it."""
    for name in WRITES:
        played = await play_loss(stage, Broken(loss=Loss(who="a", name=name, after=after), waits=waits))
        assert played.wrong == [], str(played.trace)
