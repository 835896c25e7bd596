"""Citus: nodes that are killed and shards that move during a sale; nothing acknowledged is lost, and others sell on.

    python -m proof.citus --trials 19 --seed 1 --out FOLDER

One server of Holdfast reaches the events through the coordinator, the other one straight on their nodes. Each has
buyers for an event on either node. The comparison and `holdfast check` follow each trial.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import secrets
import signal
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from proof.buyers import Buyers, Moment, compare
from proof.citus_cluster import CitusCluster
from proof.disks.mounts import NotHere, scratch
from proof.failover_sale import FailoverSale, in_one_word
from proof.machine import DEPLOYMENTS
from proof.result import Result
from proof.system import Server
from proof.system.server import run_holdfast

SHARDS = 8
AWAY_SECONDS = 3.0
"""A killed node returns after this."""
BACK_SECONDS = 10.0
"""Its events sell again within this time of its return."""
OTHERS_SECONDS = 3.0
"""The longest silence of events that have nothing to do with it."""
MOVE_SECONDS = 10.0
"""The longest silence of an event that moves."""
SERVERS: dict[str, dict[str, str]] = {"coordinator": {}, "direct": {"direct_nodes": "1"}}
"""The two ways to an event, with the server's settings."""
ORDER = (
    *("shard moved", "node killed", "shard moved", "shard moved", "coordinator killed", "shard moved"),
    *("node killed", "shard moved", "shard moved", "node killed", "shard moved", "shard moved"),
    *(
        "coordinator killed",
        "shard moved",
        "node killed",
        "shard moved",
        "shard moved",
        "node killed",
        "shard moved",
    ),
)


class CitusTrials(FailoverSale):
    """A cluster, two servers, and at each of them buyers for both nodes. A name of buyers is `SERVER/NODE`."""

    def __init__(self, folder: Path, *, seed: int, result: Result) -> None:
        super().__init__(folder, seed=seed, result=result)
        self.cluster = CitusCluster(folder, seed=seed)
        self._turns = itertools.cycle(self.cluster.nodes)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        try:
            self.cluster.start()
            self.result.notes.append(self.cluster.versions())
            with contextlib.ExitStack() as stack:
                self._start_servers(stack)
                yield
        finally:
            self.cluster.stop()

    def _start_servers(self, stack: contextlib.ExitStack) -> None:
        key = secrets.token_hex(32)
        url = self.cluster.coordinator.url
        settings = {"secret_key": key, "workers": "1", "log_level": "warning", "database_url": url}
        run_holdfast("db", "upgrade", settings=settings)
        run_holdfast("db", "distribute", "--yes", "--shards", str(SHARDS), settings=settings)
        for number, (name, more) in enumerate(SERVERS.items()):
            server = self.servers[name] = Server(name, self._logs, {**settings, **more})
            stack.callback(server.stop)
            server.start()
            for at, node in enumerate(self.cluster.nodes):
                buyers = Buyers([server.url], seed=self._seed * 10 + 2 * number + at, count=3)
                self.buyers[f"{name}/{node.name}"] = buyers
                stack.callback(buyers.stop)
        self.open_events()
        for buyers in self.buyers.values():
            buyers.start()

    def open_events(self) -> None:
        """Open an event on its node for all buyers. A number decides the node, so that some are opened in vain."""
        for name, buyers in self.buyers.items():
            while self.cluster.node_of(buyers.open_event()).name != name.partition("/")[2]:
                pass

    def kill(self, way: str) -> None:
        """Kill a node or the coordinator during sales, and start it after a while."""
        if way == "coordinator killed":
            victim = self.cluster.coordinator
            hit = {name for name in self.buyers if name.startswith("coordinator/")}
        else:
            victim = next(self._turns)
            hit = {name for name in self.buyers if name.endswith(f"/{victim.name}")}
        self.sell()
        began = time.monotonic_ns()
        victim.kill()
        time.sleep(AWAY_SECONDS)  # the fault lasts this long; nothing is waited for
        victim.start()
        back = time.monotonic_ns()
        self._measure(way, began, back, hit=hit, limit=(back - began) / 1e9 + BACK_SECONDS)
        self._judge(way)

    def move(self) -> None:
        """Move the shard of an event to the other node during sales."""
        source = next(self._turns)
        (target,) = (node for node in self.cluster.nodes if node is not source)
        self.sell()
        moved = self.buyers[f"direct/{source.name}"].events[-1]
        shard = self.cluster.shard_of(moved)
        hit = {
            name for name, buyers in self.buyers.items() if self.cluster.shard_of(buyers.events[-1]) == shard
        }
        began = time.monotonic_ns()
        self.cluster.move(moved, target)
        self._measure("shard moved", began, time.monotonic_ns(), hit=hit, limit=MOVE_SECONDS)
        self._judge("shard moved")

    def control(self) -> None:
        """Delete an acknowledged booking: the comparison must find that it is gone."""
        life = next(
            life
            for buyers in self.buyers.values()
            for life in buyers.lives
            if life.booking is not None and life.steps[-1].name == "confirm"
        )
        self.cluster.coordinator.run_sql(
            "DELETE FROM bookings WHERE event_number = %s AND hold_id = %s", life.event, life.hold
        )
        lost = len(self.compare(self.cluster.coordinator.url))
        self.result.controls.append(
            {"name": "a deleted booking", "caught_by": f"{lost} holds differ" if lost else None}
        )

    def compare(self, url: str) -> list[dict[str, Any]]:
        """Compare event by event: a coordinator refuses the same question about several."""
        now = time.monotonic_ns()
        moment = Moment(begin=now, end=now)
        certain, wrong = 0, list[dict[str, Any]]()
        for buyers in self.buyers.values():
            for event in buyers.events:
                lives = [life for life in buyers.lives if life.event == event]
                if not lives:  # opened in vain
                    continue
                steps, differences = compare(url, lives, [event], moment)
                certain += steps
                wrong += differences
        self.result.tried["acknowledged"] = certain
        return wrong

    def _measure(self, way: str, began: int, back: int, *, hit: Collection[str], limit: float) -> None:
        """Wait until all sell, and record the longest silence of those that were hit, and of the others."""
        for name in self.buyers:
            who, allowed = ("hit", limit) if name in hit else ("others", OTHERS_SECONDS)
            self.measure_silence(name, way, began=began, back=back, limit=allowed, who=who)

    def _judge(self, way: str) -> None:
        self.pause()
        self.judge(way, self.cluster.coordinator.url)
        left = self.cluster.prepared()
        if left:
            self.violate("prepared", f"{way}: {left} prepared transactions are left")
        self.count(in_one_word(way))


def run(*, trials: int, seed: int) -> Result:
    result = Result(part="citus", promises=["P2"], seeds=[seed])
    began = time.monotonic()
    with scratch(DEPLOYMENTS) as folder:
        try:
            trial = CitusTrials(folder, seed=seed, result=result)
        except NotHere as error:
            result.left_out = str(error)
            return result
        with trial.running():
            try:
                for way in itertools.islice(itertools.cycle(ORDER), trials):
                    if way == "shard moved":
                        trial.move()
                    else:
                        trial.kill(way)
                if trials >= len(ORDER):
                    trial.control()
            except KeyboardInterrupt:
                result.notes.append("stopped before its last trial")
            finally:
                trial.finish()
    if trials >= len(ORDER):
        result.coverage = {
            way: [result.tried.get(in_one_word(way), 0), ORDER.count(way)] for way in dict.fromkeys(ORDER)
        }
    result.notes.append(f"{SHARDS} shards on two nodes, back after {AWAY_SECONDS:.0f} s")
    result.seconds = round(time.monotonic() - began, 2)
    result.judge()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.citus", description=__doc__)
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path())
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    result = run(trials=given.trials, seed=given.seed)
    return result.report(given.out)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent may have set these to be ignored
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
