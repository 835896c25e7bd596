"""Failover: the primary is lost in the middle of a sale, its synchronous standby is promoted, and nothing is lost.

    python -m proof.failover --failovers 2 --seed 1 --out FOLDER

Two servers of Holdfast share a pair of PostgreSQL servers. One reaches it by a route that the failover
manager redirects, like a proxy or a moving address. The other uses a URL with both hosts and
`target_session_attrs=read-write`. The new primary must have all that was ever acknowledged. When the old
primary returns, the servers must not use it.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from holdfast_client import Client, Retries, errors
from proof.disks.mounts import scratch
from proof.failover_pair import Pair, sockets_of
from proof.failover_replay import LostAnswer
from proof.failover_sale import GIVE_UP_SECONDS, SELLS_SECONDS, FailoverSale, in_one_word
from proof.machine import DEPLOYMENTS, PATIENCE
from proof.proxy import Door, Proxy
from proof.result import Result
from proof.system.postgres import DATABASE, ROLE

PROMOTION_SECONDS = 3.0
WAYS = ("frozen", "killed", "answers lost")
"""How a primary is lost: it freezes and returns later; it is killed; or it is killed after answers were cut short."""

_NOTICES_SECONDS = 7.0
"""The minimum wait before a manager gives up a silent primary."""
_STANDBY_LOST_SECONDS = 8.0
_LAG_BYTES = 4 * 1024 * 1024
_RECENT_QUERIES = """
SELECT count(*) FROM pg_stat_activity
WHERE usename = 'holdfast' AND query_start > now() - interval '1 second' AND query NOT LIKE '%pg_control_system%'
"""


class Failovers(FailoverSale):
    """A pair, two servers, and buyers at each of them."""

    def __init__(self, folder: Path, *, seed: int, result: Result, source: Path | None = None) -> None:
        super().__init__(folder, seed=seed, result=result, source=source)
        self.pair = Pair(folder)
        self.proxy = Proxy(seed=seed)
        self.door: Door | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            stack.callback(self.pair.stop)
            self.pair.start()
            self.proxy.start()
            stack.callback(self.proxy.stop)
            self.door = self.proxy.open("database", f"unix:{self.pair.primary.socket}", "tcp")
            urls = {
                "route": f"postgresql://{ROLE}@127.0.0.1:{self.door.port}/{DATABASE}?sslmode=disable",
                "hosts": f"postgresql://{ROLE}@/{DATABASE}?host={sockets_of(self.pair.nodes)}"
                "&target_session_attrs=read-write&load_balance_hosts=random",
            }
            stack.enter_context(self.selling(urls))
            yield

    def fail_over(self, way: str) -> None:
        """Lose the primary during sales, promote the standby, and check its data."""
        self.sell()
        lost = None
        if way == "frozen":
            self.pair.primary.freeze()
            time.sleep(_NOTICES_SECONDS)
        else:
            if way == "answers lost":
                lost = self._lose_an_answer()
            self.pair.primary.kill()
            self.pair.standby.thaw()
        self._redirect()
        for buyers in self.buyers.values():
            buyers.resume()
        self._wait_until_it_sells(way)
        if lost is not None:
            lost.settle()
        if way == "frozen":
            self._bring_the_old_one_back()
        self.pause()
        self.judge(way, self.pair.primary.url)
        self.count("failovers")
        self.pair.rebuild()

    def _lose_an_answer(self) -> LostAnswer:
        self.pause()
        name = self.chance.choice(list(self.servers))
        lost = LostAnswer(
            self.pair, self.servers[name].url, self.buyers[name], chance=self.chance, result=self.result
        )
        lost.lose()
        return lost

    def _redirect(self) -> None:
        """Do the manager's work: promote the standby and redirect the route."""
        began = time.monotonic_ns()
        self.pair.promote()
        assert self.door is not None
        self.door.lead_to(f"unix:{self.pair.primary.socket}")
        self.door.reset()
        self._promoted = time.monotonic_ns()
        self.figure("promotion_seconds", (self._promoted - began) / 1e9)

    def lose_the_standby(self) -> None:
        """Freeze the standby: nothing is sold, refusals are prompt, and sales resume without help after the thaw."""
        self.resume()
        time.sleep(self.chance.uniform(*SELLS_SECONDS))
        self.pair.standby.freeze()
        frozen = time.monotonic_ns()
        time.sleep(_STANDBY_LOST_SECONDS)
        for name, buyers in self.buyers.items():
            reads = self._reads(name)
            sold = buyers.first_success(frozen)
            if sold is not None:
                self.violate("standby lost", f"{name}: a sale was acknowledged that no standby has")
            if not reads:
                self.violate("standby lost", f"{name}: availability cannot be read")
        self.pair.standby.thaw()
        thawed = time.monotonic_ns()
        for name, buyers in self.buyers.items():
            first = buyers.wait_for_success(thawed, seconds=GIVE_UP_SECONDS)
            if first is None:
                self.violate("standby lost", f"{name}: sales do not resume without help")
            else:
                self.figure(f"standby_back.{name}_seconds", (first - thawed) / 1e9)
        self.pause()
        self.judge("standby lost", self.pair.primary.url)
        self.count("standbys_lost")

    def control(self) -> None:
        """Use a primary that does not wait for its standby: the comparison must find lost sales."""
        self.pair.be_alone()
        self.open_events()
        self.resume()
        time.sleep(0.5)
        self.pair.standby.freeze()
        begin = self._wal()
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while self._wal() - begin < _LAG_BYTES and time.monotonic() < deadline:
            time.sleep(0.05)
        self.pair.primary.kill()
        self.pair.standby.thaw()
        self._redirect()
        self.pause()
        lost = len(self.compare(self.pair.primary.url))
        self.result.controls.append(
            {"name": "asynchronous standby", "caught_by": f"{lost} holds differ" if lost else None}
        )

    def _wait_until_it_sells(self, way: str) -> None:
        for name, buyers in self.buyers.items():
            first = buyers.wait_for_success(self._promoted, seconds=GIVE_UP_SECONDS)
            seconds = GIVE_UP_SECONDS if first is None else (first - self._promoted) / 1e9
            self.figure(f"{in_one_word(way)}.{name}_seconds", seconds)
            if seconds > PROMOTION_SECONDS * PATIENCE:
                self.violate("recovery", f"{way}, {name}: first success {seconds:.2f} s after the promotion")

    def _bring_the_old_one_back(self) -> None:
        """Thaw the old primary, which takes itself for the primary. Neither sales nor reads may use it."""
        self.watch_the_old_primary(self.pair.standby.thaw)
        queries = self.pair.standby.run_sql(_RECENT_QUERIES)[0][0]
        if queries:
            self.violate("old primary", f"{queries} server connections still query it")

    def _reads(self, name: str) -> bool:
        with Client(
            self.servers[name].url, timeout_seconds=2, retries=Retries(total_seconds=2, wait_for_server=True)
        ) as client:
            try:
                return client.get_availability(self.buyers[name].events[-1]).capacity > 0
            except errors.HoldfastError:
                return False

    def _wal(self) -> int:
        return int(self.pair.primary.run_sql("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")[0][0])


def run(*, failovers: int, seed: int, source: Path | None = None) -> Result:
    result = Result(part="failovers", promises=["P2", "P19"], seeds=[seed])
    began = time.monotonic()
    with scratch(DEPLOYMENTS) as folder:
        trial = Failovers(folder, seed=seed, result=result, source=source)
        ways = random.Random(f"ways/{seed}").sample(WAYS, k=len(WAYS))
        with trial.running():
            try:
                for number in range(failovers):
                    trial.fail_over(ways[number % len(ways)])
                if failovers > 1:  # a single failover is the test of every change
                    trial.lose_the_standby()
                trial.control()
            finally:
                trial.finish()
    if failovers >= len(WAYS):
        result.coverage = {
            name.replace("_", " "): [result.tried.get(name, 0), 1]
            for name in ("waits_cut_short", "sales_seen_and_not_acknowledged", "reads_beside_an_old_primary")
        }
    result.seconds = round(time.monotonic() - began, 2)
    result.judge()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.failover", description=__doc__)
    parser.add_argument("--failovers", "--times", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--source", type=Path, help="folder with another `holdfast`")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    result = run(failovers=given.failovers, seed=given.seed, source=given.source)
    return result.report(given.out)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent may have set these to be ignored
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
