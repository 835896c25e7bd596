"""Losses: the connection of a batch breaks at each of its statements. Another batch may wait for its lock.

Before the first write is sent, the client gets an ordinary answer, or `unavailable` and nothing was done.
After that the outcome is unknown, and the same request through another process settles it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.errors import Fault, OutcomeUnknown, Unavailable
from scenarios.interleavings.floor import Choice, Loss
from scenarios.interleavings.keys import a_key
from scenarios.interleavings.playing import Play, Played
from scenarios.interleavings.scenes import Cast, Plot, Scene, one_row, quantity, seats
from scenarios.interleavings.stage import Stage

LOADS = ("BEGIN", "lock_inventory", "load_event", "load_areas", "load_holds", "load_claims", "load_answers",
    "load_lapsed", "load_journal")  # fmt: skip
WRITES = ("book_claims", "move_holds", "insert_hold", "insert_claims", "insert_booking", "update_areas",
    "insert_answers", "insert_journal", "update_inventory", "COMMIT")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A loss to try. `waits`: the other batch waits for the lock of the broken one."""

    loss: Loss
    waits: bool


def every_loss() -> Iterator[Broken]:
    for waits in (False, True):
        for after in (False, True):
            for name in (*LOADS, *WRITES):
                yield Broken(loss=Loss(who="a", name=name, after=after), waits=waits)
            for name in LOADS:
                yield Broken(loss=Loss(who="a", name=name, after=after, times=2), waits=waits)


def _plot(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1, 2))],
        batches={
            "a": [
                cast.place("x", quantity(2), seats(3), key=a_key("k", "x")),
                cast.confirm("h", key=a_key("l", "h")),
            ],
            "b": [cast.place("y", quantity(2), seats(3, 4)), cast.release("h")],
        },
    )


SCENE = Scene(name="a lost connection", areas={"floor": 3}, seats=one_row(4), plot=_plot)


class _First:
    """The batch that will break goes first. With `other_waits`, the other runs until it waits for the lock."""

    def __init__(self, *, other_waits: bool) -> None:
        self._other_waits = other_waits
        self._has_lock = False

    def choose(self, choices: Sequence[Choice]) -> int:
        wanted = "b" if self._has_lock and self._other_waits else "a"
        at = next((at for at, choice in enumerate(choices) if choice.who == wanted), 0)
        self._has_lock = self._has_lock or str(choices[at]) == "a.lock_inventory"
        return at


async def play_loss(stage: Stage, broken: Broken) -> Played:
    """Play the batch and its loss, then send the batch again through a third process, as its client would."""
    play = await Play.prepare(stage, SCENE)
    trace = await play.run(_First(other_waits=broken.waits).choose, loss=broken.loss)
    again = await stage.act("c", play.number, play.plot.batches["a"])
    trace.began["c"] = trace.ended["c"] = len(trace.turns) + 1
    wrong = _wrong_outcomes(broken.loss, trace.answers["a"])
    if len(trace.lost) != broken.loss.times:
        wrong.append(f"not_lost: {broken.loss} became {trace.lost}")
    trace.answers["c"] = again
    play.plot = Plot(before=play.plot.before, batches={**play.plot.batches, "c": play.plot.batches["a"]})
    played = await play.judge(trace)
    played.scene = (
        f"{broken.loss.name} lost {'after' if broken.loss.after else 'before'} it, {broken.loss.times} times"
    )
    played.scene += ", another waits" if broken.waits else ""
    played.wrong += wrong
    return played


def _wrong_outcomes(loss: Loss, outcomes: Sequence[Any]) -> list[str]:
    """Return what is wrong with the answers to the batch whose connection was lost."""
    if loss.name in WRITES:
        expected: type[Exception] | None = OutcomeUnknown
    else:
        expected = Unavailable if loss.times > 1 else None
    if expected is None:
        wrong = [x for x in outcomes if isinstance(x, Fault)]
    else:
        wrong = [x for x in outcomes if not isinstance(x, expected)]
    return [f"loss: {loss.name} was lost {loss.times} times, and the client got {x!r}" for x in wrong]
