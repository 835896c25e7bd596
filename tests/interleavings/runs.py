"""Runs: so many schedules of all kinds, drawn by one seed, and what they showed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from random import Random
from typing import Any

from holdfast.domain.decide import Replayed
from holdfast.domain.errors import OutcomeUnknown, Refusal, Unavailable
from interleavings.expiry import (
    LOCKERS,
    MOST_MILLISECONDS,
    MOST_STATEMENTS,
    VERBS,
    At,
    Behind,
    play_at,
    play_behind,
)
from interleavings.losses import every_loss, play_loss
from interleavings.orders import DrawnOrder, EveryOrder
from interleavings.playing import Played, play, play_in_one_process
from interleavings.scenes import ACTORS, Scene, plain_scenes, random_scene
from interleavings.special import special_scenes
from interleavings.stage import Stage, a_stage

PART = "interleavings"
PROMISES = ("P1", "P3", "P5", "P7", "P8", "P16")
ENOUGH_FOR_EVERY_PAIR = 4_000
"""From so many schedules on, every order of every pair is tried (some 1,500)."""
MOST_ON_ONE_STAGE = 1_000
"""Schedules with one database and one set of engines: what these remember is worn in, and then forgotten."""

Finished = Callable[[int], None]


class Run:
    """Plays, and counts what it saw."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.tried: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.violations: list[dict[str, Any]] = []
        self._orders: set[tuple[str, str]] = set()

    @property
    def schedules(self) -> int:
        return sum(self.tried.values())

    @property
    def different(self) -> int:
        """Orders of statements of which no two were alike."""
        return len(self._orders)

    async def every_order(self, scene: Scene, stage: Stage) -> None:
        """BEGIN is let through at once: it takes no lock and no snapshot."""
        every = EveryOrder()
        while True:
            self.note("every order of two", await play(stage, scene, every.choose, free=("BEGIN",)))
            if not every.go_on():
                return

    async def drawn(self, stage: Stage, kind: str, scene: Scene, at: int) -> None:
        """One schedule; three of four engines know the event already."""
        random = self.random(kind, at)
        warm = [who for who in ACTORS if random.random() < 0.75]
        self.note(kind, await play(stage, scene, DrawnOrder(random).choose, warm=warm), at)

    async def shared(self, stage: Stage, scenes: Sequence[Scene], at: int) -> None:
        random = self.random("one process", at)
        warm = [who for who in ACTORS if random.random() < 0.75]
        choose = DrawnOrder(random).choose
        scene = scenes[at % len(scenes)]
        self.note(
            "two in one process", await play_in_one_process(stage, scene, choose, random, warm=warm), at
        )

    async def behind(self, stage: Stage, at: int) -> None:
        random = self.random("behind", at)
        moment = Behind(
            verb=VERBS[at % len(VERBS)],
            locker=list(LOCKERS)[at // len(VERBS) % len(LOCKERS)],
            lives_milliseconds=random.randint(1, MOST_MILLISECONDS),
            released_after=random.randint(-MOST_MILLISECONDS, MOST_MILLISECONDS),
        )
        played, was_late = await play_behind(stage, moment)
        self.seen[
            "locks given back after the expiry" if was_late else "locks given back before the expiry"
        ] += 1
        self.note("an expiry behind a lock", played, at)

    async def expiry(self, stage: Stage, at: int) -> None:
        random = self.random("expiry", at)
        moment = At(
            verb=VERBS[at % len(VERBS)],
            statement=at // len(VERBS) % MOST_STATEMENTS,
            seated=at // (len(VERBS) * MOST_STATEMENTS) % 2 == 1,
            lives_milliseconds=random.randint(15, MOST_MILLISECONDS),
        )
        played, was_late = await play_at(stage, moment)
        self.seen["clocks read after the expiry" if was_late else "clocks read before the expiry"] += 1
        self.note("an expiry between two statements", played, at)

    async def loss(self, stage: Stage, at: int) -> None:
        losses = list(every_loss())
        self.random("losses", at // len(losses)).shuffle(losses)
        self.note("a connection lost at a statement", await play_loss(stage, losses[at % len(losses)]), at)

    def random(self, kind: str, at: int) -> Random:
        return Random(f"{self.seed} {kind} {at}")

    def note(self, kind: str, played: Played, at: int | None = None) -> None:
        self.tried[kind] += 1
        self._orders.add((played.scene, str(played.trace)))
        self.seen["statements"] += len(played.trace.turns)
        self.seen["waits for a lock"] += played.trace.waits
        self.seen["lost connections"] += len(played.trace.lost)
        for outcome in played.outcomes:
            plain = getattr(outcome, "outcome", outcome)
            for what, name in (
                (Refusal, "refusals"),
                (Replayed, "replays"),
                (OutcomeUnknown, "unknown outcomes"),
                (Unavailable, "batches that were not carried out"),
            ):
                self.seen[name] += isinstance(plain, what)
        for wrong in played.wrong:
            rule, _, detail = wrong.partition(": ")
            violation = {"rule": rule, "event": played.number, "detail": f"{played.scene}: {detail}"}
            where = {"kind": kind, "at": at, "seed": self.seed, "lines": [str(played.trace)]}
            self.violations.append({**violation, **where})


async def run(
    url: Callable[[], str],
    *,
    schedules: int,
    seed: int,
    enough: int = 20,
    finished: Finished = lambda _: None,
) -> Run:
    """At least so many schedules; `url` makes a migrated database. Stops early where too much is wrong."""
    played = Run(seed)
    plan = iter(_plan(played, schedules))
    step = next(plan, None)
    while step is not None:
        until = played.schedules + MOST_ON_ONE_STAGE
        async with a_stage(url()) as stage:
            while step is not None and played.schedules < until:
                await step(stage)
                finished(played.schedules)
                if len(played.violations) >= enough:
                    return played
                step = next(plan, None)
            deadlocks = await stage.deadlocks()
            if deadlocks:
                detail = f"there were {deadlocks}"
                played.violations.append({"rule": "deadlocks", "event": None, "detail": detail, "lines": []})
    return played


Step = Callable[[Stage], Awaitable[None]]


def _plan(run: Run, schedules: int) -> Iterator[Step]:
    """Everything small first, then what is drawn, in turns."""
    pairs, triples, special = list(plain_scenes(2)), list(plain_scenes(3)), list(special_scenes())
    shuffler = run.random("plan", 0)
    for scenes in (pairs, triples, special):
        shuffler.shuffle(scenes)
    if schedules >= ENOUGH_FOR_EVERY_PAIR:
        yield from (partial(run.every_order, scene) for scene in pairs)
    kinds: list[tuple[int, Callable[[int], Step]]] = [
        (3 if schedules < ENOUGH_FOR_EVERY_PAIR else 0, lambda at: _drawn(run, "two", pairs, at)),
        (5, lambda at: _drawn(run, "three", triples, at)),
        (5, lambda at: _drawn(run, "special", special, at)),
        (3, lambda at: lambda stage: run.drawn(stage, "random", random_scene(run.seed * 1_000_003 + at), at)),
        (2, lambda at: lambda stage: run.shared(stage, [*special, *triples], at)),
        (1, lambda at: lambda stage: run.behind(stage, at)),
        (1, lambda at: lambda stage: run.expiry(stage, at)),
        (1, lambda at: lambda stage: run.loss(stage, at)),
    ]
    counts = [0] * len(kinds)
    for which in cycle([which for which, (weight, _) in enumerate(kinds) for _ in range(weight)]):
        if run.schedules >= schedules:
            return
        yield kinds[which][1](counts[which])
        counts[which] += 1


def _drawn(run: Run, kind: str, scenes: Sequence[Scene], at: int) -> Step:
    return lambda stage: run.drawn(stage, kind, scenes[at % len(scenes)], at)


def evidence(
    run: Run, *, schedules: int, seconds: float, controls: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """What the run showed, as every part of the proof tells it."""
    floors = {
        "schedules": (run.schedules, schedules),
        "different orders": (run.different, schedules // 2),
        "waits for a lock": (run.seen["waits for a lock"], schedules // 2),
        "refusals": (run.seen["refusals"], schedules // 4),
        "replays": (run.seen["replays"], schedules // 100),
        "unknown outcomes": (run.seen["unknown outcomes"], schedules // 100),
        "batches that were not carried out": (
            run.seen["batches that were not carried out"],
            schedules // 200,
        ),
        **{
            name: (run.seen[name], schedules // 200)
            for name in ("locks given back after the expiry", "locks given back before the expiry")
        },
    }
    missed = [name for name, (count, floor) in floors.items() if count < floor]
    uncaught = [control["name"] for control in controls if not control["caught_by"]]
    return {
        "part": PART,
        "promises": list(PROMISES),
        "tried": {**run.tried, **{name: count for name, count in run.seen.items() if name not in floors}},
        "coverage": {name: list(counts) for name, counts in floors.items()},
        "seeds": [run.seed],
        "violations": run.violations,
        "figures": {"schedules_per_second": round(run.schedules / max(seconds, 0.001), 1)},
        "controls": list(controls),
        "seconds": round(seconds, 1),
        "passed": not (run.violations or missed or uncaught),
        "notes": [f"too few: {name}" for name in missed] + [f"not caught: {name}" for name in uncaught],
    }
