"""Playing: one schedule of one scene, from its preparation to its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from holdfast.errors import Fault, HoldfastError, OutcomeUnknown
from inventory.rules.comparing import compare
from inventory.rules.ledger import START
from scenarios.interleavings.floor import Choose, Loss, Trace
from scenarios.interleavings.oracle import GrowingModel, explain
from scenarios.interleavings.scenes import ACTORS, Cast, Plot, Scene
from scenarios.interleavings.stage import Stage
from support.selling import in_one_batch


@dataclass(slots=True)
class Played:
    """What a schedule did, and what went wrong."""

    scene: str
    number: int
    trace: Trace
    wrong: list[str] = field(default_factory=list)
    """One `rule: detail` for each fault."""
    order: tuple[str, ...] | None = None
    """The order of the batches that explains the result."""

    @property
    def outcomes(self) -> list[Any]:
        return [outcome for outcomes in self.trace.answers.values() for outcome in outcomes]


class Play:
    """A scene prepared on the stage, and a model in the same state."""

    def __init__(self, stage: Stage, scene: Scene, number: int) -> None:
        self.stage = stage
        self.scene = scene
        self.number = number
        self.model = GrowingModel(areas=scene.areas, seats=scene.labels, **scene.rules)
        self.cast = Cast(partial(stage.box_office.new_id, number))
        self.plot: Plot = scene.plot(self.cast)

    @classmethod
    async def prepare(cls, stage: Stage, scene: Scene, *, warm: Sequence[str] = ACTORS) -> Play:
        """Prepare the scene. `warm` engines know the event already; the others load it during the schedule."""
        play = cls(stage, scene, await stage.new_event(scene))
        for command in play.plot.before:
            (outcome,) = await in_one_batch(stage.box_office, play.number, command)
            compare(play.model, command, outcome, START, exact=False)
        for id in play.plot.lapsed:
            taking = play.model.takings.get(id)
            if taking is not None and taking.kind == "held" and taking.ended is None:
                taking.expires_at = START - timedelta(seconds=1)
                await stage.expire(play.number, id)
        await stage.warm(play.number, [who for who in play.plot.batches if who in warm])
        return play

    async def run(
        self,
        choose: Choose,
        *,
        loss: Loss | None = None,
        free: Sequence[str] = (),
        through: Mapping[str, str] | None = None,
        later: Mapping[str, int] | None = None,
    ) -> Trace:
        """Run the batches. `through`: engines of the actors that share another actor's."""
        engines = {who: (through or {}).get(who, who) for who in self.plot.batches}
        actors = {
            who: partial(self.stage.act, engines[who], self.number, batch)
            for who, batch in self.plot.batches.items()
        }
        trace = await self.stage.floor.run(actors, choose, loss=loss, free=free, later=later)
        for who in self.plot.batches:
            if list(engines.values()).count(engines[who]) > 1:
                trace.began.pop(who, None)
        return trace

    async def judge(self, trace: Trace) -> Played:
        played = Played(self.scene.name, self.number, trace)
        found = await self.stage.find(self.number)
        played.wrong += [*found.contradictions(), *faults(trace)]
        verdict = explain(self.model, self.plot.batches, trace, found)
        played.order = verdict.order
        if verdict.order is None:
            played.wrong += [f"no_order: {reason}" for reason in verdict.reasons]
        played.wrong += [f"check: {found}" for found in await self.stage.disagreements(self.number)]
        if self.scene.seats:
            owned = {x.seat: x.state for x in found.claims if x.seat is not None and not x.is_dead}
            for who in self.plot.batches:
                taken = await self.stage.taken_seats(who, self.number)
                if taken != owned:
                    played.wrong.append(f"occupancy: {who} has {taken}, the rows have {owned}")
        return played


async def play(
    stage: Stage, scene: Scene, choose: Choose, *, warm: Sequence[str] = ACTORS, free: Sequence[str] = ()
) -> Played:
    prepared = await Play.prepare(stage, scene, warm=warm)
    return await prepared.judge(await prepared.run(choose, free=free))


async def play_in_one_process(
    stage: Stage, scene: Scene, choose: Choose, random: Random, *, warm: Sequence[str] = ACTORS
) -> Played:
    """Send the second batch through the engine of the first, during one of its statements."""
    prepared = await Play.prepare(stage, scene, warm=warm)
    later = {"b": random.randrange(1, 20)}
    return await prepared.judge(await prepared.run(choose, through={"b": "a", "c": "b"}, later=later))


def faults(trace: Trace) -> list[str]:
    """Return answers that no client should get. Only a client with a lost connection may get a fault."""
    wrong = []
    for who, outcomes in trace.answers.items():
        for outcome in outcomes:
            if not isinstance(outcome, Exception):
                continue
            if not isinstance(outcome, HoldfastError):
                wrong.append(f"bug: {who} got {outcome!r}")
            elif isinstance(outcome, Fault) and not any(lost.startswith(f"{who}.") for lost in trace.lost):
                rule = "unknown" if isinstance(outcome, OutcomeUnknown) else "fault"
                wrong.append(f"{rule}: {who} got {outcome!r}, although its connection was not lost")
    return wrong
