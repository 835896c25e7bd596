"""Power cuts: the disk of a selling server as after a power failure at this moment.

    python -m proof.disks.power_cut --cuts 5 --seed 1 --out FOLDER

`holdfast serve` with its own PostgreSQL sells on a disk whose state can be copied (`proof.disks.mounts`).
Each cut is mounted, and `holdfast serve` starts on it as after a power failure. All sales that were
acknowledged before the cut must exist. Two controls must lose sales: the same with `fsync` off, and with
`synchronous_commit` off.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from holdfast_client import Client, Quantity, Retries, errors
from proof.buyers import Buyers, Moment, compare
from proof.buyers.buyers import place
from proof.disks.mounts import Disk, NotHere, disk, own_mounts, scratch
from proof.machine import DEPLOYMENTS
from proof.result import Result
from proof.runner import last_line
from proof.system import Deployment, Postgres

RECOVERY_SECONDS = 5.0
CONTROLS = {
    "fsync=off": {"fsync": "off"},
    "synchronous_commit=off": {"synchronous_commit": "off", "wal_writer_delay": "2s"},
}
"""Settings that a server refuses at its start, with the settings that make each loss visible soon."""

_DURABLE = {"fsync": "on", "synchronous_commit": "on"}
_SELLS_SECONDS = (0.5, 1.5)
_CHECKPOINTS = 0.3
_REPLAYS = 5
_MAX_TRIES = 3
_CONTROL_SECONDS = 40.0
GIVES_UP = re.compile(r"PANIC:.*|FATAL:  (?!the database system is|terminating|.*authentication failed).*")
"""What ends a database. A refused log-in is a fault of the test, and catches nothing."""
_DEPLOYMENT = "deployment"


class PowerCuts:
    """One selling deployment and its successive cuts."""

    def __init__(
        self, deployment: Deployment, disk: Disk, buyers: Buyers, *, seed: int, result: Result
    ) -> None:
        self.deployment = deployment
        self.disk = disk
        self.buyers = buyers
        self.result = result
        self._chance = random.Random(seed)
        self._figures: dict[str, list[float]] = {"first_sale_seconds": [], "postgres_recovery_seconds": []}

    def cut(self, number: int) -> None:
        """Sell, cut, and check the copy."""
        self.buyers.open_event()
        with self._checkpoint() if self._chance.random() < _CHECKPOINTS else contextlib.nullcontext():
            moment, image = self._sell_and_cut(f"cut-{number}")
        with self.disk.after(image) as root:
            self._look(root, moment, number)

    def control(self, name: str, settings: dict[str, str]) -> None:
        """Disable durability without the server's knowledge, and record whether the cut loses sales."""
        caught = None
        for attempt in range(_MAX_TRIES):
            self.buyers.open_event()
            self._alter(*(f"ALTER SYSTEM SET {setting} = '{value}'" for setting, value in settings.items()))
            try:
                moment, image = self._sell_and_cut(f"control-{len(self.result.controls)}-{attempt}")
            finally:
                self._alter("ALTER SYSTEM RESET ALL", "CHECKPOINT")
            with self.disk.after(image) as root:
                caught = self._loses(root, moment)
            if caught:
                break
        print(f"{name}: {caught or 'NOT caught'}", flush=True)
        self.result.controls.append({"name": name, "caught_by": caught})

    def finish(self) -> None:
        self.result.figures.update(self._figures)
        self.result.violations += [
            {"rule": "answers", "event": None, "detail": surprise} for surprise in self.buyers.surprises
        ]

    def _sell_and_cut(self, name: str) -> tuple[Moment, Path]:
        self.buyers.resume()
        began = time.monotonic_ns()
        self.buyers.wait_for_success(began, seconds=30)
        time.sleep(self._chance.uniform(*_SELLS_SECONDS))
        begin = time.monotonic_ns()
        image = self.disk.cut(name)
        moment = Moment(begin=begin, end=time.monotonic_ns())
        self._figures.setdefault("cut_seconds", []).append((moment.end - moment.begin) / 1e9)
        self.buyers.pause()
        self._count("acknowledged_in_the_last_100_ms", self.buyers.acknowledged(begin - 100_000_000, begin))
        self._count("under_way_at_the_cut", self.buyers.pending_at(moment))
        return moment, image

    def _look(self, root: Path, moment: Moment, number: int) -> None:
        """Start the server on the copy, and compare."""
        deployment = Deployment("embedded", proxies=False, folder=root / _DEPLOYMENT)
        log = root / _DEPLOYMENT / "data" / "postgres" / "postgresql.log"
        log_size = log.stat().st_size
        began = time.monotonic()
        try:
            deployment.start()
            complaint = _sells(deployment)
            seconds = time.monotonic() - began
            recovery = _recovery_seconds(log, log_size)
            certain, wrong = compare(deployment.sql_url, self.buyers.lives, self.buyers.events, moment)
            late = (
                f"PostgreSQL took {recovery} s to recover (load {os.getloadavg()[0]:.0f})"
                if recovery > RECOVERY_SECONDS
                else None
            )
            for rule, complaints in (
                ("recovery", [complaint, late]),
                ("check", [_check(deployment)]),
                ("replay", self._repeat_orders(deployment, moment)),
            ):
                wrong += [_violation(rule, each) for each in complaints if each is not None]
        except (TimeoutError, RuntimeError, psycopg.Error) as error:
            output = [last_line(each) for each in (log, *sorted((root / _DEPLOYMENT / "logs").glob("*.log")))]
            certain, seconds = 0, time.monotonic() - began
            wrong = [_violation("recovery", f"the server does not start: {error}; last output: {output}")]
        else:
            self._figures["first_sale_seconds"].append(round(seconds, 3))
            self._figures["postgres_recovery_seconds"].append(recovery)
        finally:
            deployment.stop()
        self._count("acknowledged", certain)
        self.result.tried["power_cuts"] = self.result.tried.get("power_cuts", 0) + 1
        self.result.violations += [{**each, "cut": number, "at": moment.begin} for each in wrong]
        print(
            f"cut {number}: {certain} acknowledged, {len(wrong)} wrong, first sale after {seconds:.1f} s",
            flush=True,
        )
        for each in wrong:
            print(f"  {each['rule']}: {each['detail']}", flush=True)

    def _repeat_orders(self, deployment: Deployment, moment: Moment) -> Iterator[str]:
        """Repeat the last acknowledged holds under their keys, and yield every different answer."""
        known = [life for life in self.buyers.lives if life.hold and life.steps[0].is_certain(moment)]
        with Client(deployment.urls[0], retries=Retries(total_seconds=5, wait_for_server=True)) as client:
            for life in known[-_REPLAYS:]:
                try:
                    again = place(client, life, life.steps[0].key)
                except errors.HoldfastError as error:
                    yield f"hold {life.hold}, repeated under its key: {error!r}"
                    continue
                if (again.id, again.hold_token) != (life.hold, life.token):
                    yield f"hold {life.hold}, repeated under its key, is {again.id}"
                self._count("replayed", 1)

    def _loses(self, root: Path, moment: Moment) -> str | None:
        """Start PostgreSQL alone, because the server refuses such settings, and return the losses or None."""
        folder = root / _DEPLOYMENT / "data" / "postgres"
        for lock in (folder / "cluster" / "postmaster.pid", *(folder / "run").glob("*.lock")):
            lock.unlink()  # after a real cut its owner would be gone
        rules = root / _DEPLOYMENT / "pg_hba.conf"  # the server's own are beside the cluster, and may be lost
        rules.write_text("local all all trust\n")
        rules.chmod(0o644)  # PostgreSQL's user reads it
        postgres = Postgres(folder, settings={**_DURABLE, "hba_file": str(rules)})
        log_size = postgres.log.stat().st_size
        try:
            postgres.start(seconds=_CONTROL_SECONDS)
            certain, wrong = compare(postgres.url, self.buyers.lives, self.buyers.events, moment)
        except (TimeoutError, psycopg.Error):
            output = GIVES_UP.findall(postgres.log.read_bytes()[log_size:].decode(errors="replace"))
            return (
                f"the database does not start: {output[-1]}" if output else None
            )  # otherwise it was only slow
        finally:
            postgres.stop("immediate")
        lost = sum(each["rule"] == "acknowledged" for each in wrong)
        return f"{lost} holds of {certain} acknowledged steps differ" if lost else None

    @contextlib.contextmanager
    def _checkpoint(self) -> Iterator[None]:
        """Run a checkpoint, so that the cut falls into it."""
        thread = threading.Timer(self._chance.uniform(*_SELLS_SECONDS), self._alter, ("CHECKPOINT",))
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def _alter(self, *statements: str) -> None:
        with psycopg.connect(self.deployment.cluster.superuser_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.execute("SELECT pg_reload_conf()")

    def _count(self, name: str, more: int) -> None:
        self.result.tried[name] = self.result.tried.get(name, 0) + more


def run(*, cuts: int, seed: int, folder: Path) -> Result:
    """Run the part. It needs its own process, because it changes the mount namespace."""
    result = Result(part="power-cuts", promises=["P2"], seeds=[seed])
    began = time.monotonic()
    try:
        own_mounts()
        with scratch(folder) as place, disk(place) as its_disk:
            _try(its_disk, cuts=cuts, seed=seed, result=result)
    except NotHere as error:
        result.left_out = f"power cuts: {error}"
    result.seconds = round(time.monotonic() - began, 2)
    result.judge()
    return result


def _try(its_disk: Disk, *, cuts: int, seed: int, result: Result) -> None:
    folder = its_disk.root / _DEPLOYMENT
    folder.mkdir(mode=0o711)
    with Deployment("embedded", proxies=False, folder=folder) as deployment:
        buyers = Buyers(deployment.urls, seed=seed)
        power_cuts = PowerCuts(deployment, its_disk, buyers, seed=seed, result=result)
        try:
            buyers.open_event()
            buyers.start()
            for number in range(1, cuts + 1):
                power_cuts.cut(number)
            for name, settings in CONTROLS.items():
                power_cuts.control(name, settings)
        finally:
            buyers.stop()
            power_cuts.finish()
    result.coverage = {
        "acknowledged in the last 100 ms before a cut": [
            result.tried["acknowledged_in_the_last_100_ms"],
            cuts,
        ],
        "under way at a cut": [result.tried["under_way_at_the_cut"], cuts],
        "replayed after a cut": [result.tried["replayed"], cuts],
    }


def _sells(deployment: Deployment) -> str | None:
    """Hold and book an admission of a new event. Return an error as a text, or None."""
    try:
        with Client(deployment.urls[0], retries=Retries(total_seconds=10, wait_for_server=True)) as client:
            event = client.create_event("After the cut", capacity=1)
            booking = client.confirm_hold(client.place_hold(event, Quantity(1)))
            return None if booking.status == "confirmed" else f"a booking is {booking.status}"
    except errors.HoldfastError as error:
        return f"sales do not resume: {error!r}"


def _check(deployment: Deployment) -> str | None:
    try:
        deployment.holdfast("check")
    except RuntimeError as error:
        return str(error)
    return None


def _recovery_seconds(log: Path, log_size: int) -> float:
    """Return the seconds from PostgreSQL's start to its readiness, from its own log."""
    with log.open(errors="replace") as text:
        text.seek(log_size)
        times = [
            datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
            for line in text
            if "starting PostgreSQL" in line or "ready to accept connections" in line
        ]
    return round((times[-1] - times[0]).total_seconds(), 3)


def _violation(rule: str, detail: str) -> dict[str, Any]:
    return {"rule": rule, "event": None, "detail": detail}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.disks.power_cut", description=__doc__)
    parser.add_argument("--cuts", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument(
        "--folder", type=Path, default=DEPLOYMENTS, help="folder with space for the disk image"
    )
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    result = run(cuts=given.cuts, seed=given.seed, folder=given.folder)
    return result.report(given.out)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent may have set these to be ignored
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
