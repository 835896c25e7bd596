"""A hold that expires in the midst of the batch that decides on it is live or dead by a clock read after the lock."""

from __future__ import annotations

import pytest

from scenarios.interleavings.expiry import LOCKERS, MAX_STATEMENTS, VERBS, At, Behind, play_at, play_behind
from scenarios.interleavings.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("locker", LOCKERS)
@pytest.mark.parametrize("verb", VERBS)
async def test_what_waited_past_the_expiry_finds_the_hold_dead(stage: Stage, verb: str, locker: str) -> None:
    """Whether the lock was only a lock, or an update's, or a batch's; and what was in time finds it alive."""
    late = []
    for lives, released_after in ((1, 0), (10, 15), (50, -49)):
        moment = Behind(verb=verb, locker=locker, lives_milliseconds=lives, released_after=released_after)
        played, was_late = await play_behind(stage, moment)
        assert played.wrong == [], str(played.trace)
        late.append(was_late)
    assert late[:2] == [True] * 2


@pytest.mark.parametrize("seated", [False, True], ids=["counted", "seats"])
@pytest.mark.parametrize("verb", VERBS)
async def test_an_expiry_between_any_two_statements_is_before_the_clock_or_after_it(
    stage: Stage, verb: str, seated: bool
) -> None:
    for statement in range(MAX_STATEMENTS):
        moment = At(verb=verb, statement=statement, seated=seated, lives_milliseconds=15)
        played, _ = await play_at(stage, moment)
        assert played.wrong == [], str(played.trace)
