"""Failover sale: servers that reach the same databases by different ways, and buyers at each of them."""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from holdfast_client import Client, Quantity, Retries, errors
from proof.buyers import Buyers, Moment, compare
from proof.machine import PATIENCE
from proof.result import Result
from proof.system import Server
from proof.system.server import run_holdfast

GIVE_UP_SECONDS = 40.0
_SILENT_SECONDS = 90.0
"""A server that sells nothing for this time after a fault is given up."""
SELLS_SECONDS = (0.5, 1.5)

_WATCH_SECONDS = 2.0


class FailoverSale:
    """`servers` and `buyers` have one of each by the name of its way to the database."""

    def __init__(self, folder: Path, *, seed: int, result: Result, source: Path | None = None) -> None:
        """`source` is a folder with another `holdfast`, such as a mutant."""
        self.result = result
        self.servers: dict[str, Server] = {}
        self.buyers: dict[str, Buyers] = {}
        self.chance = random.Random(seed)
        self._seed = seed
        self._logs = folder
        self._source = source

    @contextlib.contextmanager
    def selling(self, urls: Mapping[str, str]) -> Iterator[None]:
        """Start a server and buyers for each URL, and stop them at the end."""
        with contextlib.ExitStack() as stack:
            key = secrets.token_hex(32)
            settings = {"secret_key": key, "workers": "1", "log_level": "warning"}
            upgrade_url = next(iter(urls.values()))
            run_holdfast(
                "db", "upgrade", settings={**settings, "database_url": upgrade_url}, source=self._source
            )
            for number, (name, url) in enumerate(urls.items()):
                server = Server(name, self._logs, {**settings, "database_url": url}, source=self._source)
                stack.callback(server.stop)
                server.start()
                self.servers[name] = server
                self.buyers[name] = Buyers([server.url], seed=self._seed * 10 + number, count=6)
                stack.callback(self.buyers[name].stop)
            self.open_events()
            for buyers in self.buyers.values():
                buyers.start()
            yield

    def open_events(self) -> None:
        for buyers in self.buyers.values():
            buyers.open_event()

    def resume(self) -> None:
        """Let the buyers buy, and wait until each server sells."""
        began = time.monotonic_ns()
        for buyers in self.buyers.values():
            buyers.resume()
        for name, buyers in self.buyers.items():
            if buyers.wait_for_success(began, seconds=GIVE_UP_SECONDS) is None:
                raise TimeoutError(f"{name} does not sell in time")

    def sell(self) -> None:
        """Open new events and sell for a moment of random length."""
        self.open_events()
        self.resume()
        time.sleep(self.chance.uniform(*SELLS_SECONDS))

    def pause(self) -> None:
        for buyers in self.buyers.values():
            buyers.pause()

    def watch_the_old_primary(self, thaw: Callable[[], None]) -> None:
        """Sell, let the old primary continue, and read beside it for a while: no read may come from it."""
        with contextlib.ExitStack() as stack:
            clients = {
                name: stack.enter_context(
                    Client(server.url, retries=Retries(total_seconds=20, wait_for_server=True))
                )
                for name, server in self.servers.items()
            }
            first = next(iter(clients.values()))
            event = first.create_event("After the failover", capacity=1_000)
            first.confirm_hold(first.place_hold(event, Quantity(7)))
            thaw()
            end = time.monotonic() + _WATCH_SECONDS
            while time.monotonic() < end:
                for name, client in clients.items():
                    try:
                        seen = client.get_availability(event)
                    except errors.HoldfastError as error:
                        self.violate("old primary", f"{name}: a read is refused: {error!r}")
                        continue
                    self.count("reads_beside_an_old_primary")
                    if seen.booked != 7:
                        self.violate("old primary", f"{name}: it shows {seen.booked} of 7 booked")
                time.sleep(0.05)

    def judge(self, way: str, url: str) -> None:
        """Compare all answers with the database at `url`, and let the product check itself."""
        wrong = self.compare(url)
        self.result.violations += [{**each, "way": way} for each in wrong]
        try:
            run_holdfast("check", settings=next(iter(self.servers.values())).settings)
        except RuntimeError as error:
            self.violate("check", str(error))
        print(
            f"{way}: {self.result.tried.get('acknowledged', 0)} acknowledged, {len(wrong)} wrong", flush=True
        )

    def compare(self, url: str) -> list[dict[str, Any]]:
        now = time.monotonic_ns()
        lives = [life for buyers in self.buyers.values() for life in buyers.lives]
        events = [event for buyers in self.buyers.values() for event in buyers.events]
        certain, wrong = compare(url, lives, events, Moment(begin=now, end=now))
        self.result.tried["acknowledged"] = certain
        return wrong

    def finish(self) -> None:
        """Record the surprises and the counts of answers."""
        for name, buyers in self.buyers.items():
            self.result.violations += [
                {"rule": "answers", "event": None, "detail": {"server": name, **surprise}}
                for surprise in buyers.surprises
            ]
            self.result.notes.append(f"{name}: {dict(buyers.answers.most_common())}")

    def measure_silence(
        self, name: str, way: str, *, began: int, back: int, limit: float, who: str = ""
    ) -> None:
        """Wait for a success of these buyers after `back`, and record their longest silence since `began`."""
        buyers = self.buyers[name]
        first = buyers.wait_for_success(back, seconds=_SILENT_SECONDS)
        silence = buyers.longest_silence(began, first or time.monotonic_ns())
        self.figure(f"{in_one_word(way)}.{who and f'{who}_'}{name.partition('/')[0]}_seconds", silence)
        said = f"{way}, {name}{who and f' ({who})'}"
        print(f"{said}: {silence:.1f} s", flush=True)
        if first is None or silence > limit * PATIENCE:
            self.violate("recovery", f"{said}: {silence:.2f} s without a sale")

    def violate(self, rule: str, detail: str) -> None:
        print(f"{rule}: {detail}", flush=True)
        self.result.violations.append({"rule": rule, "event": None, "detail": detail})

    def count(self, name: str) -> None:
        self.result.tried[name] = self.result.tried.get(name, 0) + 1

    def figure(self, name: str, value: float) -> None:
        values = self.result.figures.setdefault(name, [])
        assert isinstance(values, list)
        values.append(round(value, 3))


def in_one_word(way: str) -> str:
    """Return the name of a fault as a part of a figure's name."""
    return way.replace(" ", "_")
