"""Runs: schedules of all kinds, drawn by one seed, and their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import cycle
from random import Random
from typing import Any

from holdfast.errors import OutcomeUnknown, Refusal, Unavailable
from holdfast.inventory.rules.decide import Replayed
from scenarios.interleavings.expiry import (
    LOCKERS,
    MAX_MILLISECONDS,
    MAX_STATEMENTS,
    VERBS,
    At,
    Behind,
    play_at,
    play_behind,
)
from scenarios.interleavings.losses import every_loss, play_loss
from scenarios.interleavings.orders import DrawnOrder, EveryOrder
from scenarios.interleavings.playing import Played, play, play_in_one_process
from scenarios.interleavings.scenes import ACTORS, Scene, plain_scenes, random_scene
from scenarios.interleavings.special import special_scenes
from scenarios.interleavings.stage import Stage, a_stage

ENOUGH_FOR_EVERY_PAIR = 4_000
"""A run of this size or more tries every order of every pair (some 1,500)."""
MAX_ON_ONE_STAGE = 1_000
"""Schedules with one database and one set of engines. Then new ones start, without what the old ones remembered."""

Finished = Callable[[int], None]


class Run:
    """Plays schedules, and counts what they show."""

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
        """The number of distinct orders of statements."""
        return len(self._orders)

    async def every_order(self, scene: Scene, stage: Stage) -> None:
        """Play every order of the scene. BEGIN goes through at once: it takes no lock and no snapshot."""
        every = EveryOrder()
        while True:
            self.note("every order of two", await play(stage, scene, every.choose, free=("BEGIN",)))
            if not every.advance():
                return

    async def drawn(self, kind: str, scenes: Sequence[Scene], at: int, stage: Stage) -> None:
        """Play one schedule. Each engine knows the event already in three of four cases."""
        random = self.random(kind, at)
        warm = self._warm(random)
        self.note(kind, await play(stage, scenes[at % len(scenes)], DrawnOrder(random).choose, warm=warm), at)

    async def drawn_at_random(self, at: int, stage: Stage) -> None:
        await self.drawn("random", [random_scene(self.seed * 1_000_003 + at)], at, stage)

    async def in_one_process(self, scenes: Sequence[Scene], at: int, stage: Stage) -> None:
        random = self.random("one process", at)
        scene, warm, choose = scenes[at % len(scenes)], self._warm(random), DrawnOrder(random).choose
        self.note("one process", await play_in_one_process(stage, scene, choose, random, warm=warm), at)

    async def behind_a_lock(self, at: int, stage: Stage) -> None:
        random = self.random("behind a lock", at)
        moment = Behind(
            verb=VERBS[at % len(VERBS)],
            locker=list(LOCKERS)[at // len(VERBS) % len(LOCKERS)],
            expires_in_milliseconds=random.randint(1, MAX_MILLISECONDS),
            released_after=random.randint(-MAX_MILLISECONDS, MAX_MILLISECONDS),
        )
        played, was_late = await play_behind(stage, moment)
        self.seen[
            "locks given back after the expiry" if was_late else "locks given back before the expiry"
        ] += 1
        self.note("behind a lock", played, at)

    async def expiry(self, at: int, stage: Stage) -> None:
        random = self.random("expiry", at)
        moment = At(
            verb=VERBS[at % len(VERBS)],
            statement=at // len(VERBS) % MAX_STATEMENTS,
            seated=at // (len(VERBS) * MAX_STATEMENTS) % 2 == 1,
            expires_in_milliseconds=random.randint(15, MAX_MILLISECONDS),
        )
        played, was_late = await play_at(stage, moment)
        self.seen["clocks read after the expiry" if was_late else "clocks read before the expiry"] += 1
        self.note("expiry", played, at)

    async def loss(self, at: int, stage: Stage) -> None:
        losses = list(every_loss())
        self.random("losses", at // len(losses)).shuffle(losses)
        self.note("loss", await play_loss(stage, losses[at % len(losses)]), at)

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
            where = f"{played.scene} ({kind}:{at})" if at is not None else played.scene
            self.report(rule, f"{where}: {detail}", event=played.number, lines=[str(played.trace)])

    def report(self, rule: str, detail: str, *, event: int | None = None, lines: Sequence[str] = ()) -> None:
        self.violations.append(
            {"rule": rule, "event": event, "detail": detail, "lines": list(lines), "seed": self.seed}
        )

    @staticmethod
    def _warm(random: Random) -> list[str]:
        return [who for who in ACTORS if random.random() < 0.75]


async def run(
    url: Callable[[], str],
    *,
    schedules: int,
    seed: int,
    again: tuple[str, int] | None = None,
    enough: int = 20,
    finished: Finished = lambda _: None,
) -> Run:
    """Play at least `schedules` schedules. `url` makes a migrated database.

    The run stops early after `enough` violations. `again`: repeat only this schedule (kind, at) of the seed.
    """
    played = Run(seed)
    plan = _plan(played, schedules) if again is None else _again(played, schedules, *again)
    step = next(plan, None)
    while step is not None and len(played.violations) < enough:
        until = played.schedules + MAX_ON_ONE_STAGE
        async with a_stage(url()) as stage:
            while step is not None and played.schedules < until and len(played.violations) < enough:
                try:
                    await step(stage)
                except Exception as error:  # noqa: BLE001 - a broken product may break the test itself
                    played.report("raised", repr(error))
                    break  # the stage may be in any state
                finally:
                    step = next(plan, None)
                finished(played.schedules)
            deadlocks = await stage.deadlocks()
            if deadlocks:
                played.report("deadlocks", f"the database counted {deadlocks}")
    return played


Step = Callable[[Stage], Awaitable[None]]


def _plan(run: Run, schedules: int) -> Iterator[Step]:
    """Yield every order of the small scenes first, then drawn schedules of each kind in turns."""
    every = schedules >= ENOUGH_FOR_EVERY_PAIR
    if every:
        yield from (partial(run.every_order, scene) for scene in plain_scenes(2))
    kinds = _kinds(run)
    turns = [kind for kind, (weight, _) in kinds.items() for _ in range(weight) if kind != "two" or not every]
    counts = dict.fromkeys(kinds, 0)
    for kind in cycle(turns):
        if run.schedules >= schedules:
            return
        yield partial(kinds[kind][1], counts[kind])
        counts[kind] += 1


def _again(run: Run, schedules: int, kind: str, at: int) -> Iterator[Step]:
    """Repeat one schedule: the seed does not decide which of two waiters gets a lock."""
    return (partial(_kinds(run)[kind][1], at) for _ in range(schedules))


def _kinds(run: Run) -> dict[str, tuple[int, Callable[[int, Stage], Awaitable[None]]]]:
    """Return the weight of each kind of schedule, and how to play one."""
    two, three, special = list(plain_scenes(2)), list(plain_scenes(3)), list(special_scenes())
    for scenes in (two, three, special):
        run.random("scenes", len(scenes)).shuffle(scenes)
    return {
        "two": (3, partial(run.drawn, "two", two)),
        "three": (5, partial(run.drawn, "three", three)),
        "special": (5, partial(run.drawn, "special", special)),
        "random": (3, run.drawn_at_random),
        "one process": (2, partial(run.in_one_process, [*special, *three])),
        "behind a lock": (1, run.behind_a_lock),
        "expiry": (1, run.expiry),
        "loss": (1, run.loss),
    }
