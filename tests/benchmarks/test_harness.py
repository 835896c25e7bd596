"""The harness itself, with tiny rounds: it counts sales, and no refusals."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator

import psycopg
import pytest
from benchmarks.cases import HOLDS, KEYED_CASES, PAIRS, READS, SEATS, Case
from benchmarks.databases import copy_of
from benchmarks.floors import sold
from benchmarks.open_loop import Arrival, arrivals, request_bytes, send
from benchmarks.programs import Program
from benchmarks.replay import replay
from benchmarks.result import Result
from benchmarks.selling import LongestBatch, new_event, open_engine, placing, rate
from benchmarks.turns import Turn, Turns
from benchmarks.wire import ask, make_event, make_events, seat_map

from benchmarks import ballast, callers, closed_loop, open_loop, programs
from holdfast.inventory.rules import commands as c

needs_wrk = pytest.mark.skipif(not closed_loop.is_there(), reason="wrk makes the load, and is not installed")

needs_compiler = pytest.mark.skipif(
    not open_loop.is_there(), reason="what makes the load is compiled, and there is no C compiler"
)


@pytest.fixture
def server(database_url: str) -> Iterator[Program]:
    with programs.holdfast(database_url) as program:
        yield program


def bench(database_url: str, server: Program, rounds: int = 2) -> Turns:
    return Turns(database_url, server, Result(part="tried"), rounds, 1.0)


def turn(turns: Turns, case: Case, program: Program | None = None, events: int = 1) -> Turn:
    program_under_test = program or turns.holdfast
    first = case.make(turns.holdfast.port, events)
    row = turns.result.row(case.name if program is None else "echo", connections=4)
    return Turn(row, program_under_test, case, 4, first, events)


@needs_wrk
def test_each_round_measures_every_program_and_counts_its_sales(database_url: str, server: Program) -> None:
    turns = bench(database_url, server)
    answer = turns.sample(HOLDS, HOLDS.make(server.port))
    with programs.echo(answer) as echo:
        turns.run([turn(turns, PAIRS), turn(turns, SEATS), turn(turns, HOLDS, echo)])
    turns.check()
    assert [len(row.rounds["per_second"]) for row in turns.result.rows] == [2, 2, 2]
    assert turns.result.unexpected == {}
    (first, events), counted = next(iter(turns.sold.items()))
    turns.sold[first, events] = [counted[0] + 10_000, counted[1]]
    with pytest.raises(RuntimeError, match="holds were answered"):
        turns.check()


@needs_wrk
def test_rates_exclude_refusals(server: Program) -> None:
    event = make_event(server.port, capacity=7)
    load = closed_loop.run(
        HOLDS.script, server.url + "/", *HOLDS.arguments(event, 1), connections=4, seconds=1
    )
    assert load.succeeded == 7
    assert load.unexpected > 0


@needs_wrk
@pytest.mark.parametrize("case", KEYED_CASES, ids=[case.name for case in KEYED_CASES])
def test_every_idempotency_key_is_new(database_url: str, server: Program, case: Case) -> None:
    event = make_event(server.port, capacity=1_000_000)
    load = closed_loop.run(case.script, server.url + "/", *case.arguments(event, 1), connections=4, seconds=1)
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*), sum(replays) FROM idempotency").fetchone()
    assert row is not None
    assert 0 < load.succeeded <= row[0] <= load.succeeded + 4
    assert (row[1], load.unexpected) == (0, 0)


@needs_wrk
def test_a_pair_of_requests_makes_one_booking(database_url: str, server: Program) -> None:
    first = make_events(server.port, 3, capacity=1_000_000)
    load = closed_loop.run(
        PAIRS.script, server.url + "/", *PAIRS.arguments(first, 3), connections=4, seconds=1
    )
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM bookings").fetchone()
    assert row is not None
    assert 0 < load.succeeded <= row[0] <= load.succeeded + 4
    assert load.unexpected == 0


@needs_wrk
def test_every_pair_of_seats_is_requested_once(server: Program) -> None:
    """On a small map the script starts again at the first pair, and is refused."""
    case = Case(name="few", says="few", script="seats", seats=200)
    first = make_events(server.port, 2, seat_map=seat_map(200))
    arguments = ("/v1/holds", first, 2, 4, 200, 0)
    load = closed_loop.run(case.script, server.url + "/", *arguments, connections=4, seconds=1)
    taken = [
        ask(server.port, "GET", f"/v1/events/{number}/availability").json["held"]
        for number in (first, first + 1)
    ]
    assert 0 <= sum(taken) - 2 * load.succeeded <= 2 * 4, "those that were under way at the end"
    assert load.unexpected == 0 or taken == [200, 200]


def test_an_echo_sends_the_bytes_of_an_answer(server: Program) -> None:
    event = make_event(server.port, capacity=3)
    answer = ask(server.port, READS.method, READS.path_for(event))
    for protocol in ("httptools", "holdfast"):
        with programs.echo(answer, protocol=protocol) as echo:
            echoed = ask(echo.port, "POST", "/anything", {"a": 1})
            assert echoed.body == answer.body
            assert dict(echoed.headers) | {"date": ""} == dict(answer.headers) | {"date": ""}


@needs_compiler
def test_an_open_loop_measures_from_the_planned_time(server: Program) -> None:
    event = make_event(server.port, capacity=3)
    good = request_bytes(server.port, HOLDS.method, HOLDS.path, HOLDS.body_for(event))
    bad = request_bytes(server.port, "POST", "/v1/holds", "{}")
    planned = [Arrival(-5.0, good, "late"), Arrival(0.0, good, "prompt"), Arrival(0.01, bad, "prompt")]
    responses = send(server.port, planned)
    assert responses.statuses == {201: 2, 422: 1}
    assert responses.unexpected == 1
    assert len(responses.latencies["prompt"]) == 1
    assert responses.latencies["late"][0] > 5.0
    assert responses.lags[-1] >= 5.0


@needs_compiler
def test_an_open_loop_without_answers_ends() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(512)
        responses = send(
            silent.getsockname()[1], [Arrival(0.0, b"GET / HTTP/1.1\r\n\r\n", "one")], patience=0.1
        )
    assert responses.unanswered == responses.unexpected == 1


def test_a_seed_repeats_its_arrivals() -> None:
    def draw(chance: random.Random) -> tuple[bytes, str]:
        return (b"x", chance.choice("ab"))

    planned = arrivals(100, 10, draw, seed=7)
    assert planned == arrivals(100, 10, draw, seed=7)
    assert planned != arrivals(100, 10, draw, seed=8)
    assert 800 < len(planned) < 1200
    assert [arrival.due for arrival in planned] == sorted(arrival.due for arrival in planned)


async def test_a_recorded_session_writes_the_same_rows_again(database_url: str) -> None:
    async with open_engine(database_url) as inventory:
        number = await new_event(inventory)
    with copy_of(database_url, "copy_of_a_test") as copy:
        recording = await sold(database_url, number, 8, 0.2)
        replay(database_url, recording, database="copy_of_a_test")
        found = [_sales(url) for url in (database_url, copy)]
        assert found[0] == found[1]
        assert len(found[0]) > 8
        with pytest.raises(RuntimeError, match="PostgreSQL said no"):
            replay(database_url, recording, database="copy_of_a_test")


def _sales(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT h.id, h.placed_at, h.expires_at, h.token_hash, c.held_version, i.version, a.held "
            "FROM holds h JOIN claims c ON c.hold_id = h.id, inventories i, areas a ORDER BY h.id"
        ).fetchall()


@pytest.mark.parametrize(("kind", "held", "in_counter"), [("live", 50, 50), ("lapsed", 0, 50), ("old", 0, 0)])
async def test_ballast_equals_the_rows_of_a_real_sale(
    database_url: str, kind: ballast.Kind, held: int, in_counter: int
) -> None:
    async with open_engine(database_url) as inventory:
        number = await new_event(inventory, areas=(c.AreaSpec(name="general", capacity=60),))
        ballast.load(database_url, number, kind, 50)
        ballast.settle(database_url)
        assert (await inventory.queries.get_availability(number)).counts.held == held
        longest = LongestBatch(inventory)
        assert await rate(placing(inventory, number), 2, 0.0) == 0
        await placing(inventory, number)()
        assert longest.take_ms() > 0
        assert longest.take_ms() == 0
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT held - 1, (SELECT count(*) FROM claims) - 1 FROM areas").fetchone()
    assert row == (in_counter, 50)


def test_seat_maps_have_complete_rows() -> None:
    sizes = [
        (len(found["sections"]), found["sections"][0]["rows"])
        for found in map(seat_map, (400, 2_500, 100_000))
    ]
    assert sizes == [(1, 8), (1, 50), (40, 50)]
    with pytest.raises(ValueError, match="whole rows"):
        seat_map(2_600)


def test_the_output_of_a_script_is_parsed() -> None:
    output = {"requests": 10, "microseconds": 2_000_000, "refused": 3, "failed": 1, "timed_out": 1}
    output |= {"p50_ms": 1.0, "p99_ms": 2.0, "p999_ms": 3.0}
    load = closed_loop.read(output, 0.1)
    assert (load.succeeded, load.unexpected, load.per_second) == (7, 5, 3.5)
    pairs = closed_loop.read(output | {"placed": 5, "confirmed": 4, "other": 1}, 0.1)
    assert (pairs.succeeded, pairs.placed, pairs.unexpected) == (4, 5, 3)
    assert json.loads(json.dumps(load.figures)) == load.figures


@needs_wrk
def test_each_caller_has_a_cost(database_url: str) -> None:
    found = callers.measure(database_url, rounds=1, seconds=0.2)
    assert [len(pairs) for pairs in found.values()] == [1, 1, 1, 1]
    assert all(cost > 0 and rate > 0 for pairs in found.values() for cost, rate in pairs)
