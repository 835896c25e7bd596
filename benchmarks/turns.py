"""Turns: compared programs get load one after the other in every round, and their sales are counted afterwards."""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg

from benchmarks import closed_loop, programs
from benchmarks.cases import Case
from benchmarks.programs import Program
from benchmarks.result import Result, Row
from benchmarks.wire import Answer, ask
from proof.processes import send

__all__ = ["Turn", "Turns"]

_WARM_UP_CONNECTIONS = 64
_WARM_UP_SECONDS = 1.0


@dataclass(slots=True)
class Turn:
    """One kind of request to a program, over a number of connections."""

    row: Row
    program: Program
    case: Case
    connections: int
    first: int = 1
    events: int = 1


@dataclass(slots=True)
class Turns:
    """Runs turns. The sales of `holdfast` are counted in its database."""

    database_url: str
    holdfast: Program
    result: Result
    rounds: int
    seconds: float
    sold: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """By events, as (first, number): the answered holds, and the max number of holds beyond these."""

    def run(self, turns: Sequence[Turn]) -> None:
        """Run every turn in every round, and reverse the order each time.

        So a slower machine or a larger database affects all turns alike.
        """
        cluster = programs.cluster_of(self.database_url)
        self._warm_up(turns)
        for number in range(self.rounds):
            for turn in turns if number % 2 == 0 else list(reversed(turns)):
                first = self._events_for(turn)
                cores = programs.Cores(turn.program, cluster)
                load = self._load(turn, first, number, turn.connections, self.seconds)
                what = f"{turn.case.says} of {turn.program.name}, {turn.connections} connections"
                if not load.succeeded:
                    raise RuntimeError(f"{what}: nothing succeeded")
                turn.row.add(**load.figures, **cores.figures())
                if load.unexpected:
                    self.result.unexpected[what] = self.result.unexpected.get(what, 0) + load.unexpected
                print(f"round {number + 1}/{self.rounds}: {turn.row.of} {turn.row.at}", flush=True)

    def sample(self, case: Case, event: int) -> Answer:
        """Return an answer of Holdfast, which then has the event loaded."""
        body = case.body_for(event)
        answer = ask(
            self.holdfast.port, case.method, case.path_for(event), None if body is None else json.loads(body)
        )
        if case.sells:
            self._count(event, 1, answered=1, beyond=0)
        return answer

    def check(self) -> None:
        """Raises RuntimeError if the database has fewer sales than answers, or more than requests."""
        with psycopg.connect(self.database_url) as connection:
            for (first, events), (answered, beyond) in self.sold.items():
                row = connection.execute(
                    "SELECT count(*) FROM holds WHERE event_number >= %s AND event_number < %s",
                    (first, first + events),
                ).fetchone()
                assert row is not None
                if not answered <= row[0] <= answered + beyond:
                    raise RuntimeError(
                        f"of event {first} {answered} holds were answered (at most {beyond} more were asked for), "
                        f"and the database has {row[0]}"
                    )

    def _warm_up(self, turns: Sequence[Turn]) -> None:
        """Run each program and case once, to fill plans, caches and pools."""
        seen = set()
        for turn in turns:
            if (turn.program.name, turn.case.name, turn.events) not in seen:
                seen.add((turn.program.name, turn.case.name, turn.events))
                first = (
                    turn.case.make(turn.program.port, turn.events) if self._sells_seats(turn) else turn.first
                )
                self._load(turn, first, 0, _WARM_UP_CONNECTIONS, _WARM_UP_SECONDS)

    def _events_for(self, turn: Turn) -> int:
        if not (self._sells_seats(turn) and turn.events == 1):
            return turn.first
        first = turn.case.make(turn.program.port)
        self.sample(turn.case, first)
        return first

    def _sells_seats(self, turn: Turn) -> bool:
        return turn.program is self.holdfast and turn.case.seats > 0

    def _load(
        self, turn: Turn, first: int, number: int, connections: int, seconds: float
    ) -> closed_loop.Load:
        share = (number, self.rounds) if turn.events > 1 else (0, 1)
        with self._still(unless=turn.program):
            load = closed_loop.run(
                turn.case.script,
                turn.program.url + "/",
                *turn.case.arguments(first, turn.events, share=share),
                connections=connections,
                seconds=seconds,
            )
        if turn.program is self.holdfast and turn.case.sells:
            self._count(first, turn.events, answered=load.placed, beyond=connections + load.unexpected)
        return load

    @contextlib.contextmanager
    def _still(self, *, unless: Program) -> Iterator[None]:
        """Wait until Holdfast has finished its background work, which would slow the next program."""
        pids = () if unless is self.holdfast else self.holdfast.pids
        for pid in pids:
            send(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                send(pid, signal.SIGCONT)

    def _count(self, first: int, events: int, *, answered: int, beyond: int) -> None:
        counted = self.sold.setdefault((first, events), [0, 0])
        counted[0] += answered
        counted[1] += beyond
