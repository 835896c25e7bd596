"""Nemesis: a seeded schedule of faults and their results. It injects one at a time for blame, or several for
a storm."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from proof.machine import PATIENCE
from proof.nemesis.fault import Fault
from proof.nemesis.prober import Prober
from proof.system import Deployment

_GIVE_UP_SECONDS = 60.0
_CALM_SECONDS = (0.3, 1.5)
_STORM_OF = 3


class Nemesis:
    """Runs beside the clients of a deployment, in its own threads. The end of the block heals everything."""

    def __init__(
        self,
        deployment: Deployment,
        faults: Sequence[type[Fault]],
        *,
        seed: int,
        log: Path | None = None,
        short: bool = False,
        storm: bool = False,
        calm_seconds: tuple[float, float] = _CALM_SECONDS,
    ) -> None:
        """`faults` are drawn in rounds, in an order that the seed gives, without those that the deployment
        does not support.

        `short` uses the durations of a short run. `storm` injects up to three faults at once.
        """
        self.deployment = deployment
        self.faults = [fault for fault in faults if fault.suits(deployment)]
        self.seed = seed
        self.count = 0
        """The number of completed faults."""
        self.prober = Prober(deployment.urls, staff_key=deployment.staff_key)
        self.violations: list[dict[str, Any]] = []
        """Recoveries that took too long, and answers that no fault excuses."""
        self.recoveries: dict[str, list[float]] = defaultdict(list)
        """Seconds from the kill or the healing to a success through every server."""
        self.firsts: dict[str, list[float]] = defaultdict(list)
        """Seconds to the first success through any server."""
        self.done: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._short = short
        self._storm = storm
        self._calm_seconds = calm_seconds
        self._path = log
        self._log: TextIO | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def start(self, *, count: int | None = None) -> None:
        """Inject `count` faults, or continue until `stop`, in a thread."""
        self._open()
        self._thread = threading.Thread(target=self._run, args=(count,), name="nemesis", daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Return True if all requested faults are done. Raises the error that stopped the thread, if any."""
        if self._thread is not None:
            self._thread.join(seconds)
        if self._failure is not None:
            raise self._failure
        return self._thread is None or not self._thread.is_alive()

    def stop(self) -> None:
        """Heal the current faults and inject no more. Raises the error that stopped the thread, if any."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.prober.stop()
        if self._log is not None:
            self._log.close()
            self._log = None
        self.violations += [
            {"rule": "nemesis", "event": self.prober.event, "detail": surprise}
            for surprise in self.prober.surprises
        ]
        self.prober.surprises.clear()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def figures(self) -> dict[str, list[float]]:
        """Return by kind of fault the seconds to the first success, and to a success through every server."""
        return {
            f"{name}.{what}_seconds": [round(each, 3) for each in seconds]
            for name in sorted(self.recoveries)
            for what, seconds in (("first", self.firsts[name]), ("everywhere", self.recoveries[name]))
        }

    def _open(self) -> None:
        if self._path is not None:
            self._log = self._path.open("a", encoding="utf-8")
        self.prober.start()

    def _run(self, count: int | None) -> None:
        try:
            kinds = self._kinds()
            while not self._stopping.is_set() and (count is None or self.count < count):
                at_once = 1 if not self._storm else self._chance.randint(2, _STORM_OF)
                if count is not None:
                    at_once = min(at_once, count - self.count)
                self._do([next(kinds) for _ in range(at_once)])
                self._stopping.wait(self._chance.uniform(*self._calm_seconds))
        except BaseException as error:  # noqa: BLE001 - `wait` and `stop` raise it
            self._failure = error

    def _kinds(self) -> Iterator[type[Fault]]:
        """Yield each kind once per round, in random order: complete but unpredictable."""
        while True:
            yield from self._chance.sample(self.faults, k=len(self.faults))

    def _do(self, kinds: list[type[Fault]]) -> None:
        """Start the faults in order, heal them in reverse order, and wait for recovery."""
        if len(kinds) > 1:
            kinds = [kind for kind in kinds if not kind.alone] or kinds[:1]
        ends: list[tuple[Fault, int, int, dict[str, Any]]] = []
        with ExitStack() as healing:
            for kind in kinds:
                if self._stopping.is_set():
                    break
                fault = kind(self.deployment, random.Random(self._chance.getrandbits(64)))
                t0 = time.monotonic_ns()
                detail: dict[str, Any] = {}
                # Heal this fault whatever happens to it and to the others.
                healing.callback(self._heal, fault, t0, detail, ends, blamed=len(kinds) == 1)
                detail.update(fault.start())
                length = kind.length(self._chance, short=self._short)
                self._stopping.wait(length if len(kinds) == 1 else length / 2)
        for fault, t0, healed, detail in ends:
            self._judge(fault, t0, healed, detail, blamed=len(kinds) == 1)

    def _heal(
        self,
        fault: Fault,
        t0: int,
        detail: dict[str, Any],
        ends: list[tuple[Fault, int, int, dict[str, Any]]],
        *,
        blamed: bool,
    ) -> None:
        lasted = type(fault).seconds != (0.0, 0.0) or fault.alone
        detail.update(fault.heal())
        healed = time.monotonic_ns() if lasted or not blamed else fault.happened or t0
        ends.append((fault, t0, healed, detail))
        self.prober.watch(healed)

    def _judge(self, fault: Fault, t0: int, healed: int, detail: dict[str, Any], *, blamed: bool) -> None:
        firsts = self.prober.wait(healed, seconds=_GIVE_UP_SECONDS, stopping=self._stopping)
        successes = [(first - healed) / 1e9 for first in firsts if first is not None]
        has_recovered = None not in firsts
        detail |= {"healed": healed, "seconds": max(successes) if has_recovered else None, "blamed": blamed}
        detail["first_seconds"] = min(successes, default=None)
        if not has_recovered:
            detail["last_answers"] = dict(zip(self.prober.urls, self.prober.last, strict=True))
        self.count += 1
        self.done[fault.name] += fault.took_effect
        if blamed and has_recovered and fault.took_effect:
            self.recoveries[fault.name].append(max(successes))
            self.firsts[fault.name].append(min(successes))
        if not self._stopping.is_set():
            self.deployment.wait_until_complete()
        detail.update(fault.settle())
        whole = time.monotonic_ns()
        self.violations += [
            {"rule": "nemesis", "event": fault.name, "detail": {**detail, "complaint": each}}
            for each in fault.complaints
        ]
        within = fault.within_seconds
        late = not has_recovered or (blamed and within is not None and min(successes) > within * PATIENCE)
        if late and not (self._stopping.is_set() and not has_recovered):
            self.violations.append({"rule": "recovery", "event": fault.name, "detail": dict(detail)})
        self._write(fault.name, t0, whole, 0, detail)
        for jump in fault.jumps:
            self._write(f"{fault.name}.jump", jump.t0, jump.t1, jump.jump_us, {})

    def _write(self, name: str, t0: int, t1: int, jump_us: int, detail: dict[str, Any]) -> None:
        if self._log is not None:
            line = {"e": "fault", "name": name, "t0": t0, "t1": t1, "jump_us": jump_us, "detail": detail}
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()
