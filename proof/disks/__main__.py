"""Failing, slow and full disks under a server that sells.

    python -m proof.disks --seed 1 --out FOLDER

Afterwards all acknowledged sales must exist, whatever the disk did. Requests that cannot be served must be
refused, and sales must resume by themselves. With a full disk of the tables, existing data stay readable.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from holdfast_client import Client, Retries, errors
from proof.buyers import Buyers, Moment, compare
from proof.disks.faults import FailingDisk, FullDisk, FullLog, SlowDisk, can_inject
from proof.disks.mounts import NotHere, mounted, own_mounts, scratch
from proof.machine import DEPLOYMENTS
from proof.nemesis.fault import Fault
from proof.result import Result
from proof.system import Deployment, Postgres

RECOVERY_SECONDS = 5.0
_GIVE_UP_SECONDS = 60.0
_CALM_SECONDS = (0.5, 1.5)
_MAX_ANSWER_SECONDS = 10.0
_TICK_SECONDS = 0.05
_LITTLE_WAL = {"max_wal_size": "64MB", "min_wal_size": "32MB", "shared_buffers": "32MB"}
_TABLES_ROOM, _LOG_ROOM = "size=256m,mode=711", "size=128m,mode=711"


class Disks:
    """One deployment with disk faults, and its buyers."""

    def __init__(self, deployment: Deployment, *, chance: random.Random, result: Result) -> None:
        self.deployment = deployment
        self.buyers = Buyers(
            deployment.urls, seed=chance.getrandbits(31), patience_seconds=_MAX_ANSWER_SECONDS
        )
        self._chance = chance
        self._result = result

    @contextmanager
    def selling(self) -> Iterator[None]:
        self.buyers.open_event()
        self.buyers.start()
        try:
            yield
        finally:
            self.buyers.stop()
            self._result.violations += [
                {"rule": "answers", "event": None, "detail": each} for each in self.buyers.surprises
            ]
            self._result.notes.append(f"the buyers' answers: {dict(self.buyers.answers.most_common())}")

    def suffer(self, kind: type[Fault]) -> None:
        """Inject one fault during a sale, and judge its effects."""
        self.buyers.open_event()
        self.buyers.resume()
        began = time.monotonic_ns()
        self.buyers.wait_for_success(began, seconds=_GIVE_UP_SECONDS)
        time.sleep(self._chance.uniform(*_CALM_SECONDS))
        fault = kind(self.deployment, random.Random(self._chance.getrandbits(64)))
        shed_before = self.buyers.answers["unavailable"]
        started = time.monotonic_ns()
        detail = dict(fault.start())
        try:
            reads = self._watch(kind.length(self._chance, short=False))
        finally:
            detail |= fault.heal()
        healed = time.monotonic_ns()
        first = self.buyers.wait_for_success(healed, seconds=_GIVE_UP_SECONDS)
        self.buyers.pause()
        seconds = _GIVE_UP_SECONDS if first is None else (first - healed) / 1e9
        self._figure(f"{fault.name}.first_seconds", seconds)
        if seconds > RECOVERY_SECONDS:
            self._violate("recovery", f"{fault.name}: first success {seconds:.2f} s after its end")
            self._result.notes.append(f"PostgreSQL's last words: {self._last_words()}")
        self._figure(f"{fault.name}.longest_answer_seconds", self.buyers.longest_answer(started, healed))
        self._count(f"{fault.name}.sold", self.buyers.acknowledged(started, healed))
        self._count(f"{fault.name}.refused", self.buyers.answers["unavailable"] - shed_before)
        if "calls" in detail:
            self._count(f"{fault.name}.calls", int(str(detail["calls"])))
        if isinstance(fault, FullDisk) and reads["failed"]:
            self._violate(
                "full disk", f"{reads['failed']} of {reads['done']} reads failed: {reads['output']}"
            )
        self._count(f"{fault.name}.reads", reads["done"] - reads["failed"])
        self._compare(fault.name)

    def _watch(self, seconds: float) -> dict[str, Any]:
        """Read availability for `seconds`, and return the counts."""
        found: dict[str, Any] = {"done": 0, "failed": 0, "output": ""}
        deadline = time.monotonic() + seconds
        with Client(self.deployment.urls[0], timeout_seconds=2, retries=Retries(total_seconds=0)) as client:
            while time.monotonic() < deadline:
                found["done"] += 1
                try:
                    client.get_availability(self.buyers.events[-1])
                except errors.HoldfastError as error:
                    found["failed"] += 1
                    found["output"] = repr(error)
                time.sleep(_TICK_SECONDS)
        return found

    def _compare(self, name: str) -> None:
        try:
            self.deployment.cluster.wait_until_it_serves(_GIVE_UP_SECONDS)
        except TimeoutError as error:
            self._violate("recovery", f"{name}: {error}")
            return
        now = time.monotonic_ns()
        moment = Moment(begin=now, end=now)
        certain, wrong = compare(self.deployment.sql_url, self.buyers.lives, self.buyers.events, moment)
        self._result.violations += [{**each, "fault": name} for each in wrong]
        try:
            self.deployment.holdfast("check")
        except RuntimeError as error:
            self._violate("check", f"{name}: {error}")
        self._count("disk_faults", 1)
        print(f"{name}: {certain} acknowledged, {len(wrong)} wrong", flush=True)

    def _last_words(self) -> str:
        """Return the end of PostgreSQL's log, and what each of its processes does."""
        states = []
        for pid in self.deployment.cluster.processes():
            with suppress(OSError):  # it may end meanwhile
                states.append(Path(f"/proc/{pid}/stat").read_text().partition(")")[2][1:2])
        log = self.deployment.folder / "postgres" / "postgresql.log"
        return f"states {states}; {log.read_text(errors='replace')[-2_000:]}"

    def _violate(self, rule: str, detail: str) -> None:
        print(f"{rule}: {detail}", flush=True)
        self._result.violations.append({"rule": rule, "event": None, "detail": detail})

    def _count(self, name: str, more: int) -> None:
        self._result.tried[name] = self._result.tried.get(name, 0) + more

    def _figure(self, name: str, value: float) -> None:
        values = self._result.figures.setdefault(name, [])
        assert isinstance(values, list)
        values.append(round(value, 3))


def run(*, rounds: int, seed: int) -> Result:
    """Run the part. It needs its own process, because it changes the mount namespace."""
    result = Result(part="disks", promises=["P2", "P19"], seeds=[seed])
    chance = random.Random(seed)
    began = time.monotonic()
    gaps = []
    try:
        own_mounts()
        with scratch(DEPLOYMENTS) as folder, _little_room(folder) as place:
            _try(_deployment(place, **_LITTLE_WAL), (FullDisk, FullLog), rounds, chance, result)
            _floors(result, "full-disk.refused", "full-disk.reads", "full-log.refused")
    except NotHere as error:
        gaps.append(f"full disk: {error}")
    reason = can_inject()
    if reason is None:
        with scratch(DEPLOYMENTS) as folder:
            _try(_deployment(folder), (SlowDisk, FailingDisk), rounds, chance, result)
        _floors(result, "slow-disk.calls", "slow-disk.sold", "failing-disk.calls", "failing-disk.refused")
    else:
        gaps.append(f"slow and failing disk: {reason}")
    result.notes += [f"not tried: {gap}" for gap in gaps]
    if not result.tried:
        result.left_out = "; ".join(gaps)
    result.seconds = round(time.monotonic() - began, 2)
    result.judge()
    return result


@contextmanager
def _little_room(folder: Path) -> Iterator[Path]:
    """Make a cluster with its tables on one small file system and its log on another; yield the deployment's
    folder."""
    with (
        mounted("tmpfs", folder / "tables", _TABLES_ROOM, kind="tmpfs") as tables,
        mounted("tmpfs", folder / "log", _LOG_ROOM, kind="tmpfs") as log,
    ):
        postgres = Postgres(tables / "postgres", settings=_LITTLE_WAL)
        postgres.make()
        wal = postgres.data / "pg_wal"
        subprocess.run(["mv", wal, log / "pg_wal"], check=True)  # keeps the owner
        wal.symlink_to(log / "pg_wal")
        yield tables


def _try(
    deployment: Deployment, kinds: tuple[type[Fault], ...], rounds: int, chance: random.Random, result: Result
) -> None:
    with deployment:
        disks = Disks(deployment, chance=chance, result=result)
        with disks.selling():
            for _ in range(rounds):
                for kind in chance.sample(kinds, k=len(kinds)):
                    disks.suffer(kind)


def _deployment(folder: Path, **settings: str) -> Deployment:
    return Deployment("external", servers=1, proxies=False, folder=folder, postgres_settings=settings)


def _floors(result: Result, *names: str) -> None:
    """Demand that each count is above zero: otherwise nothing was tried."""
    result.coverage |= {name: [result.tried.get(name, 0), 1] for name in names}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.disks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path())
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    result = run(rounds=given.rounds, seed=given.seed)
    return result.report(given.out)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent may have set these to be ignored
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
