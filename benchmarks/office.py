"""Office: what the people of an organiser ask for beside a large sale, and what it costs the sale.

    python -m benchmarks.office [--rounds 5] [--seconds 5] [--bookings 1000000] [--viewers 3]

`search`: bookings of one event by a rare word, a common one, the beginning of one, an address and a reference.
`sales`: holds of one hot event, with its overview open at some desks in every second turn. A desk follows the event's
stream and reads the page again every two seconds, as the page's script does.
"""

from __future__ import annotations

import http.client
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import psycopg

from benchmarks import ballast, closed_loop, programs
from benchmarks.cases import HOLDS
from benchmarks.part import Arguments, run_part
from benchmarks.programs import Program, holdfast
from benchmarks.result import Result
from benchmarks.server import scratch_database
from benchmarks.wire import ask, make_event

SEARCHES = 40
CONNECTIONS = 256
READ_AGAIN_SECONDS = 2.0
_WAIT_SECONDS = 30.0


def measure(given: Arguments) -> Result:
    result = Result(part="office")
    with scratch_database() as url, holdfast(url) as server:
        _measure_desks(server, url, given, result)
        event = make_event(server.port, capacity=2 * given.options.bookings)
        ballast.load_bookings(url, event, given.options.bookings)
        ballast.settle(url)
        _measure_search(server, url, event, given, result)
    return result


def _measure_search(server: Program, url: str, event: int, given: Arguments, result: Result) -> None:
    chance = random.Random(1)  # noqa: S311 - it must repeat
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT buyer_name, buyer_email, right(id::text, 10) FROM bookings TABLESAMPLE BERNOULLI (0.1)"
        ).fetchall()

    def sampled(column: int, cut: slice = slice(None)) -> Callable[[], str]:
        return lambda: str(chance.choice(rows)[column])[cut]

    words: dict[str, Callable[[], str]] = {
        "a whole name": sampled(0),
        "the beginning of a name": sampled(0, slice(3)),
        "two letters": sampled(0, slice(2)),
        "an address": sampled(1),
        "nobody": lambda: f"nobody{chance.randrange(10**6)}",
    }
    for _ in range(given.rounds):
        for what, word in words.items():
            for way, narrowed in (("of the event", f"event={event}&"), ("of all", "")):
                times = sorted(_time(server.port, f"{narrowed}q={quote(word())}") for _ in range(SEARCHES))
                row = result.row(f"search for {what}, {way}", bookings=given.options.bookings)
                row.add(p50_ms=times[len(times) // 2], p95_ms=times[int(len(times) * 0.95)], max_ms=times[-1])


def _time(port: int, query: str) -> float:
    """Return the milliseconds of one search."""
    began = time.perf_counter()
    ask(port, "GET", f"/v1/bookings?{query}")
    return (time.perf_counter() - began) * 1e3


def _measure_desks(server: Program, url: str, given: Arguments, result: Result) -> None:
    event, cluster = HOLDS.make(server.port), programs.cluster_of(url)

    def sell(seconds: float) -> closed_loop.Load:
        load = closed_loop.run(
            HOLDS.script,
            server.url + "/",
            *HOLDS.arguments(event, 1),
            connections=CONNECTIONS,
            seconds=seconds,
        )
        if load.unexpected:
            raise RuntimeError(f"{load.unexpected} answers were no success")
        return load

    sell(1.0)  # plans, caches, connections
    rates: dict[int, list[float]] = {0: [], given.options.viewers: []}
    for number in range(given.rounds):
        for viewers in sorted(rates, reverse=number % 2 == 1):
            with _desks(server.port, event, viewers):
                cores = programs.Cores(server, cluster)
                load = sell(given.seconds)
                row = result.row("sales", viewers=viewers)
                row.add(per_second=load.per_second, p99_ms=load.p99_ms, **cores.figures())
                rates[viewers].append(load.per_second)
    result.judge("watched_over_unwatched", rates[given.options.viewers], rates[0])


@contextmanager
def _desks(port: int, event: int, count: int) -> Iterator[None]:
    stop = threading.Event()
    desks = [threading.Thread(target=_sit, args=(port, event, stop)) for _ in range(count)]
    for desk in desks:
        desk.start()
    try:
        yield
    finally:
        stop.set()
        for desk in desks:
            desk.join()


def _sit(port: int, event: int, stop: threading.Event) -> None:
    """Follow the stream, and read the overview again and again."""
    with socket.create_connection(("127.0.0.1", port), timeout=_WAIT_SECONDS) as stream:
        head = (
            f"GET /v1/events/{event}/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        )
        stream.sendall(head.encode())
        stream.settimeout(READ_AGAIN_SECONDS / 20)
        page = http.client.HTTPConnection("127.0.0.1", port, timeout=_WAIT_SECONDS)
        due = time.monotonic()
        while not stop.is_set():
            with suppress(TimeoutError):
                stream.recv(65536)
            if time.monotonic() >= due:
                page.request("GET", f"/organise/events/{event}", headers={"Accept": "text/html"})
                answer = page.getresponse()
                answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"the overview answered {answer.status}")
                due = time.monotonic() + READ_AGAIN_SECONDS
        page.close()


if __name__ == "__main__":
    sys.exit(
        run_part(
            __doc__,
            measure,
            rounds=5,
            seconds=5.0,
            needs_wrk=True,
            bookings=(int, 1_000_000, "bookings of the searched event"),
            viewers=(int, 3, "desks with the overview open"),
        )
    )
