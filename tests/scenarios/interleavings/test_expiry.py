"""A hold expires during the batch that decides on it. The decision uses a clock read after the lock."""

from __future__ import annotations

import pytest

from scenarios.interleavings.expiry import LOCKERS, MAX_STATEMENTS, VERBS, At, Behind, play_at, play_behind
from scenarios.interleavings.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("locker", LOCKERS)
@pytest.mark.parametrize("verb", VERBS)
async def test_a_batch_that_waits_past_the_expiry_finds_the_hold_expired(
    stage: Stage, verb: str, locker: str
) -> None:
    """The locker may be a lock, an update or a batch. A batch that gets the lock in time finds the hold live."""
    late = []
    for lives, released_after in ((1, 0), (10, 15), (50, -49)):
        moment = Behind(
            verb=verb, locker=locker, expires_in_milliseconds=lives, released_after=released_after
        )
        played, was_late = await play_behind(stage, moment)
        assert played.wrong == [], str(played.trace)
        late.append(was_late)
    assert late[:2] == [True] * 2


@pytest.mark.parametrize("seated", [False, True], ids=["counted", "seats"])
@pytest.mark.parametrize("verb", VERBS)
async def test_an_expiry_between_statements_is_decided_by_the_clock(
    stage: Stage, verb: str, seated: bool
) -> None:
    for statement in range(MAX_STATEMENTS):
        moment = At(verb=verb, statement=statement, seated=seated, expires_in_milliseconds=15)
        played, _ = await play_at(stage, moment)
        assert played.wrong == [], str(played.trace)
