"""Sale: the general workload and the checker, for a deployment that may run a mutant's source."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from proof.callers import make_callers
from proof.checker import check
from proof.log import LineWriter
from proof.nemesis import FAULTS
from proof.result import Result
from proof.system import Deployment
from proof.verdict import judge_deployment
from proof.workload import Settings, Workload, write_dump

__all__ = ["Sale"]

Violation = Mapping[str, Any]

SECONDS = 12.0
PACE = 400
"""Operations per second. A fast machine must not finish with an event before its holds have lapsed."""
PROCESSES, CLIENTS = 2, 24
_ALONE = {"live_check_interval_seconds": "3600"}
"""The live check would stop a wrong event before the checker has seen enough."""
BY_CLIENTS_ALONE = frozenset({"C1", "C6", "C9"})
"""Rules that need no final state: the answers to two clients contradict each other. Other rules need the
organiser's acts, which are in the journal."""
_TICK_SECONDS = 0.1
_CALM_SECONDS = (1.0, 2.5)
"""A product that has just started or recovered has nothing to lose."""


class Sale:
    """One deployment, its clients and its faults."""

    def __init__(
        self,
        faults: Collection[str],
        *,
        times: int,
        settings: Mapping[str, str],
        source: Path,
        seed: int,
        run: Path,
        callers: bool = False,
    ) -> None:
        """`faults` are drawn `times` times; without faults the sale runs for some seconds.

        `callers`: a closed server, and clients with every kind of credentials.
        """
        self._faults = [FAULTS[name] for name in faults]
        self._times = times
        self._settings = {**_ALONE, **settings}
        self._source = source
        self._seed = seed
        self._run = run
        self._callers = callers

    def judge(self, enough: Collection[str]) -> list[Violation]:
        """Return the violations. The final state is not read if a rule in `enough` was violated before."""
        self._run.mkdir()
        with Deployment(
            proxies=bool(self._faults),
            seed=self._seed,
            source=self._source,
            settings=self._settings,
            closed=self._callers,
        ) as deployment:
            broken = self._sell(deployment)
            found = [one for one in self._check() if one["rule"] in BY_CLIENTS_ALONE]
            if any(one["rule"] in enough for one in found):
                return [*found, *broken]
            result = Result(part="sale")
            judge_deployment(deployment, result)
            if any(one["rule"] in enough for one in result.violations):
                return [*found, *broken, *result.violations]
            write_dump(deployment.direct_urls, deployment.sql_url, self._run)
        return [*self._check(), *broken, *result.violations]

    def _check(self) -> list[Violation]:
        """Check the clients' logs, and the final state if it was read."""
        return [asdict(one) for one in check(self._run, floors=False).violations]

    def _sell(self, deployment: Deployment) -> list[Violation]:
        """Run the clients. An error that stops them is a violation, because a correct product does not cause it."""
        settings = Settings(
            urls=deployment.urls,
            out=self._run,
            seed=self._seed,
            operations=0,
            pace=PACE,
            processes=PROCESSES,
            clients=CLIENTS,
            staff_key=deployment.staff_key,
            callers=[one.as_dict() for one in make_callers(deployment)] if self._callers else [],
        )
        try:
            with Workload(settings) as workload:
                if self._faults:
                    self._shake(deployment)
                else:
                    end = time.monotonic() + SECONDS
                    while workload.is_running and time.monotonic() < end:
                        time.sleep(_TICK_SECONDS)
                workload.stop()
        except RuntimeError as error:
            return [{"rule": "workload", "detail": str(error)}]
        return []

    def _shake(self, deployment: Deployment) -> None:
        """Inject faults without the nemesis: it waits for a successful sale, and some mutants lose its event."""
        chance = random.Random(self._seed)
        with LineWriter(self._run / "nemesis.jsonl") as log:
            for _ in range(self._times):
                time.sleep(chance.uniform(*_CALM_SECONDS))
                kind = chance.choice(self._faults)
                fault = kind(deployment, random.Random(chance.getrandbits(64)))
                line = {"e": "fault", "name": kind.name, "t0": time.monotonic_ns(), "jump_us": 0}
                detail = dict(fault.start())
                time.sleep(kind.length(chance, short=True))
                detail |= fault.heal()
                deployment.wait_until_complete()
                log.write({**line, "t1": time.monotonic_ns(), "detail": detail})
