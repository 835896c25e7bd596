"""A connection that is lost at any statement: who asked is told no more than is known, and who waits is served."""

from __future__ import annotations

import pytest

from scenarios.interleavings.floor import Loss
from scenarios.interleavings.losses import LOADS, WRITES, Broken, play_loss
from scenarios.interleavings.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
async def test_a_connection_lost_at_a_load_is_not_noticed(stage: Stage, after: bool) -> None:
    """Nothing was sent to be committed: the batch runs again."""
    for name in LOADS:
        played = await play_loss(stage, Broken(loss=Loss(who="a", name=name, after=after), waits=True))
        assert played.wrong == [], str(played.trace)


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
async def test_where_the_second_connection_is_lost_too_nothing_was_done(stage: Stage, after: bool) -> None:
    for name in LOADS[::2]:
        loss = Loss(who="a", name=name, after=after, times=2)
        played = await play_loss(stage, Broken(loss=loss, waits=True))
        assert played.wrong == [], str(played.trace)


@pytest.mark.parametrize("waits", [False, True], ids=["alone", "another waits"])
@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
async def test_a_connection_lost_at_a_write_leaves_the_outcome_unknown_and_its_key_settles_it(
    stage: Stage, after: bool, waits: bool
) -> None:
    for name in WRITES:
        played = await play_loss(stage, Broken(loss=Loss(who="a", name=name, after=after), waits=waits))
        assert played.wrong == [], str(played.trace)
