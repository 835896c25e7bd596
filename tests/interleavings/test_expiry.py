"""A hold that expires while its request waits for the event's lock has expired."""

from __future__ import annotations

import pytest

from interleavings.expiry import LOCKERS, VERBS, Moment, play_expiry
from interleavings.stage import Stage


@pytest.mark.parametrize("locker", LOCKERS)
@pytest.mark.parametrize("verb", VERBS)
async def test_what_waited_past_the_expiry_is_refused_and_what_did_not_is_done(
    stage: Stage, verb: str, locker: str
) -> None:
    """Whether the lock was only locked, or updated, or a batch's: the clock is read after it was given."""
    late = []
    for lives, released_after in ((5, 0), (5, 1), (20, 30), (50, -49), (50, -20)):
        moment = Moment(verb=verb, locker=locker, lives_milliseconds=lives, released_after=released_after)
        played, was_late = await play_expiry(stage, moment)
        assert played.wrong == [], str(played.trace)
        late.append(was_late)
    assert late[:3] == [True] * 3
