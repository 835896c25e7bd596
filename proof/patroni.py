"""Patroni: failovers of a real cluster during a sale, decided by Patroni alone; nothing acknowledged is lost.

    python -m proof.patroni --failovers 20 --machines 2 --seed 1 --out FOLDER

The cluster has the settings of `deploy/patroni`. One server of Holdfast reaches it through HAProxy, the other by a URL
with every machine. With two machines, nothing sells after a failover until the lost machine is the standby.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from proof.disks.mounts import NotHere, scratch
from proof.failover_sale import FailoverSale, in_one_word
from proof.machine import DEPLOYMENTS, PATIENCE
from proof.patroni_cluster import Member, PatroniCluster
from proof.result import Result

TTL_SECONDS = 20.0
"""Patroni gives a silent machine up after this: `ttl` in `deploy/patroni/patroni.yml`."""
AWAY_SECONDS = 25.0
"""A lost machine returns after this."""
SALE_SECONDS = 10.0
LIMITS = {
    "postgres killed": SALE_SECONDS,
    "switched over": SALE_SECONDS,
    "machine killed": AWAY_SECONDS + SALE_SECONDS,
    "machine frozen": AWAY_SECONDS + SALE_SECONDS,
}
"""How a primary is lost, and the longest silence until the next sale."""
ORDER = (
    "postgres killed",
    "switched over",
    "postgres killed",
    "machine frozen",
    "postgres killed",
    "postgres killed",
    "machine killed",
    "postgres killed",
    "switched over",
    "postgres killed",
)

_GIVE_UP_SECONDS = 90.0
_SELL_OUT_SECONDS = 1.0
"""The buyers need longer than this for one event."""


class PatroniFailovers(FailoverSale):
    """A cluster, two servers, and buyers at each of them."""

    def __init__(self, folder: Path, *, machines: int, seed: int, result: Result) -> None:
        super().__init__(folder, seed=seed, result=result)
        self.cluster = PatroniCluster(folder, machines=machines, seed=seed)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        try:
            self.cluster.start()
            with self.selling(self.cluster.urls):
                yield
        finally:
            self.cluster.stop()

    def fail_over(self, way: str) -> None:
        """Lose the primary during sales, let Patroni replace it, and check the new primary's data."""
        self.cluster.wait_until_safe()
        old = self.cluster.leader
        others = [member for member in self.cluster.members if member is not old]
        self.sell()
        began = time.monotonic_ns()
        self._lose(old, way)
        new = self.cluster.wait_for_leader(others)
        self.figure(f"{in_one_word(way)}.leader_seconds", (time.monotonic_ns() - began) / 1e9)
        if way.startswith("machine"):
            self._wait_until(began, AWAY_SECONDS)
            if way == "machine frozen":
                old.thaw()
            else:
                old.start()
        back = time.monotonic_ns()
        for name in self.buyers:
            self.measure_silence(name, way, began=began, back=back, limit=LIMITS[way])
        if way == "machine frozen":
            self.watch_the_old_primary(lambda: None)
        self.pause()
        self.judge(way, new.url)
        self.count("failovers")
        self.count(in_one_word(way))

    def lose_etcd(self) -> None:
        """Freeze etcd for longer than `ttl`: the primary keeps its place, because it reaches all members."""
        self.cluster.wait_until_safe()
        old = self.cluster.leader
        self.sell()
        began = time.monotonic_ns()
        self.cluster.etcd.signal(signal.SIGSTOP)
        while time.monotonic_ns() - began < AWAY_SECONDS * 1e9:
            self.open_events()  # a sold-out event would look like a silence
            time.sleep(_SELL_OUT_SECONDS)
        ended = time.monotonic_ns()
        self.cluster.etcd.signal(signal.SIGCONT)
        for name, buyers in self.buyers.items():
            silence = buyers.longest_silence(began, ended)
            self.figure(f"etcd_lost.{name}_seconds", silence)
            if silence > SALE_SECONDS * PATIENCE:
                self.violate("recovery", f"etcd lost, {name}: {silence:.2f} s without a sale")
        self.pause()
        self.judge("etcd lost", old.url)
        self.count("etcd_lost")

    def control(self) -> None:
        """Use an asynchronous standby: the comparison must find lost sales."""
        self.cluster.wait_until_safe()
        old = self.cluster.leader
        old.configure({"synchronous_mode": False, "maximum_lag_on_failover": 2**30})
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        while self._standby_names(old) and time.monotonic() < deadline:
            time.sleep(0.1)
        others = [member for member in self.cluster.members if member is not old]
        for member in others:  # a frozen one would still get what lies in its sockets
            member.kill_machine()
        self.sell()
        old.kill_machine()
        for member in others:
            member.start()
        new = self.cluster.wait_for_leader(others)
        self.pause()
        lost = len(self.compare(new.url))
        self.result.controls.append(
            {
                "name": "asynchronous standby of Patroni",
                "caught_by": f"{lost} holds differ" if lost else None,
            }
        )

    def _lose(self, old: Member, way: str) -> None:
        if way == "postgres killed":
            old.kill()
        elif way == "switched over":
            old.switch_over()
        elif way == "machine killed":
            old.kill_machine()
        else:
            old.freeze()

    @staticmethod
    def _wait_until(began: int, seconds: float) -> None:
        time.sleep(max(0.0, seconds - (time.monotonic_ns() - began) / 1e9))

    @staticmethod
    def _standby_names(member: Member) -> str:
        return str(member.run_sql("SHOW synchronous_standby_names")[0][0])


def run(*, failovers: int, machines: int, seed: int) -> Result:
    result = Result(part="patroni", promises=["P2"], seeds=[seed])
    began = time.monotonic()
    with scratch(DEPLOYMENTS) as folder:
        try:
            trial = PatroniFailovers(folder, machines=machines, seed=seed, result=result)
        except NotHere as error:
            result.left_out = str(error)
            return result
        with trial.running():
            try:
                for way in itertools.islice(itertools.cycle(ORDER), failovers):
                    trial.fail_over(way)
                if failovers >= len(ORDER):
                    trial.lose_etcd()
                    trial.control()
            finally:
                trial.finish()
    if failovers >= len(ORDER):
        result.coverage = {
            name.replace("_", " "): [result.tried.get(name, 0), 1]
            for name in (*map(in_one_word, LIMITS), "etcd_lost", "reads_beside_an_old_primary")
        }
    result.notes.append(f"{machines} machines, ttl {TTL_SECONDS:.0f} s, back after {AWAY_SECONDS:.0f} s")
    result.seconds = round(time.monotonic() - began, 2)
    result.judge()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.patroni", description=__doc__)
    parser.add_argument("--failovers", type=int, default=2)
    parser.add_argument("--machines", type=int, choices=(2, 3), default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path())
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    result = run(failovers=given.failovers, machines=given.machines, seed=given.seed)
    return result.report(given.out)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent may have set these to be ignored
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
