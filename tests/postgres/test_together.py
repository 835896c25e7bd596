"""Reads of many events together: as exact, as bounded and as sure as reads of one event each.

Class of bug: a failure of one event, or of the shared connection, that reaches events which have nothing to do with it.
Its members are all that a read alone can meet: no event, a refused statement, a broken row, a lost or silent
connection, a session without its prepared statements. We took them from `ask_pool` and from `Transaction`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from holdfast.errors import Busy, EventNotFound, Unavailable
from holdfast.inventory import queries
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.availability import Availability
from holdfast.inventory.store import events
from holdfast.inventory.store.reads import EventState, ReadStore
from holdfast.postgres import together
from holdfast.postgres.pipeline import _SESSIONS, Statement
from holdfast.postgres.together import MIN_AT_ONCE
from postgres.statements import all_statements
from support.cutting_proxy import cutting_proxy
from support.postgres import TestDatabases
from support.selling import all_at_once, an_engine, move_time, new_event, place, quantity, sql

READ = b"holdfast_read_state"

# A view in the place of a table, so that one event's statement fails in the server.
REFUSE_ONE = """
CREATE FUNCTION refuse(number bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF number = {number} THEN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END IF;
    RETURN true;
END $$;
ALTER TABLE areas RENAME TO areas_of_old;
CREATE VIEW areas AS SELECT * FROM areas_of_old WHERE refuse(event_number);
"""

WAIT_FOR_ONE = """
CREATE FUNCTION wait(number bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF number = {number} THEN PERFORM pg_advisory_xact_lock(1); END IF;
    RETURN true;
END $$;
ALTER TABLE areas RENAME TO areas_of_old;
CREATE VIEW areas AS SELECT * FROM areas_of_old WHERE wait(event_number);
"""


async def make_events(inventory: Inventory, count: int) -> list[int]:
    """Create events. Each has a hold of another size, so that no answer fits another event."""
    numbers = [await new_event(inventory, areas={"general": 1_000}) for _ in range(count)]
    for held, number in enumerate(numbers, 1):
        await place(inventory, number, quantity(held))
    return numbers


async def read(inventory: Inventory, numbers: Sequence[int]) -> list[Availability | Exception]:
    return await all_at_once(*(inventory.queries.get_availability(number) for number in numbers))


def held(found: Sequence[Availability | Exception]) -> list[tuple[int, int] | type[Exception]]:
    return [
        type(each) if isinstance(each, Exception) else (each.event.number, each.counts.held) for each in found
    ]


def as_placed(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(number, at) for at, number in enumerate(numbers, 1)]


@pytest.fixture
async def inventory(database_url: str) -> AsyncIterator[Inventory]:
    async with an_engine(database_url) as made:
        yield made


@pytest.fixture
def shards(databases: TestDatabases) -> Iterator[list[str]]:
    urls = [databases.create(), databases.create()]
    yield urls
    for url in urls:
        databases.drop(url)


async def test_the_events_of_a_turn_cost_one_round_trip_for_each_64(database_url: str) -> None:
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url, size=1) as inventory:
        numbers = await make_events(inventory, 70)
        await read(inventory, numbers[:2])  # until the statement is prepared
        before = proxy.turns
        found = await read(inventory, [*numbers, *numbers])
        assert proxy.turns - before == 2
    assert held(found) == as_placed(numbers) * 2


async def test_one_postgresql_reads_many_events_by_one_statement(database_url: str) -> None:
    async with an_engine(database_url, size=1) as inventory:
        numbers = await make_events(inventory, 64 + MIN_AT_ONCE)
        assert held(await read(inventory, numbers)) == as_placed(numbers)
        async with inventory._connections.control().connection() as connection:
            ran = await connection.execute(
                "SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements WHERE name ~ 'read_state'"
            )
            assert await ran.fetchone() == (2,)


async def test_many_events_are_read_as_each_of_them_is(inventory: Inventory, database_url: str) -> None:
    """The kind: whatever an event's row, areas and holds can be. The numbers come in no order."""
    kinds: dict[str, int] = {
        "one area": await new_event(inventory, areas={"general": 10}),
        "many areas": await new_event(inventory, areas={f"area {at}": 10 + at for at in range(12)}),
        "no area": await new_event(inventory),
        "seats": await new_event(inventory, widths=(4, 5)),
        "seats and areas": await new_event(inventory, areas={"floor": 7}, widths=(3,)),
        "held": await new_event(inventory, areas={"general": 10}),
        "lapsed": await new_event(inventory, areas={"general": 10}),
        "ahead of the clock": await new_event(inventory, areas={"general": 10}),
        "cancelled": await new_event(inventory, areas={"general": 10}),
    }
    for kind in ("held", "lapsed", "cancelled"):
        await place(inventory, kinds[kind], quantity(3))
    await inventory.execute(kinds["cancelled"], c.CancelEvent(by="test"))
    move_time(database_url, kinds["lapsed"], timedelta(days=1), inventory)
    move_time(database_url, kinds["ahead of the clock"], timedelta(days=-1), inventory)
    filling = [await new_event(inventory, areas={"general": 1}) for _ in range(MIN_AT_ONCE)]
    numbers = [*reversed(kinds.values()), *filling, 10_000]
    reads = ReadStore(inventory._connections)
    together = await reads.find_states(numbers)
    alone = [(await reads.find_states([number]))[0] for number in numbers]
    assert together[-1] is None
    for number, one, other in zip(numbers, together, alone, strict=True):
        assert not isinstance(one, Exception), number
        assert _without_clock(one) == _without_clock(other)


def _without_clock(state: EventState | Exception | None) -> EventState | None:
    """Return the state without its time, if that is the clock's."""
    assert not isinstance(state, Exception)
    if state is None or state.now > datetime.now(UTC):
        return state
    return replace(state, now=datetime.min)


async def test_a_missing_event_is_missing_alone(inventory: Inventory) -> None:
    """Also one whose number no column could hold."""
    numbers = await make_events(inventory, 3)
    found = await read(inventory, [numbers[0], 10_000, numbers[1], 10**18, 0, numbers[2], 10**30])
    assert held(found) == [
        (numbers[0], 1), EventNotFound, (numbers[1], 2), EventNotFound, EventNotFound, (numbers[2], 3), EventNotFound,
    ]  # fmt: skip


@pytest.mark.parametrize("count", [5, MIN_AT_ONCE])
@pytest.mark.parametrize(
    ("code", "error"),
    [("57014", Busy), ("08006", Unavailable), ("22012", psycopg.errors.DivisionByZero)],
)
async def test_a_refused_statement_is_refused_alone(
    inventory: Inventory, database_url: str, code: str, error: type[Exception], count: int
) -> None:
    """57014 is the time limit of a statement, 08006 a lost node behind a coordinator. Others are bugs, and stay so."""
    numbers = await make_events(inventory, count)
    sql(database_url, REFUSE_ONE.format(number=numbers[2], code=code))
    found = held(await read(inventory, numbers))
    assert found[2] is error
    assert found[:2] + found[3:] == as_placed(numbers)[:2] + as_placed(numbers)[3:]
    assert held(await read(inventory, numbers[2:3])) == [error]


async def test_a_row_that_cannot_be_read_is_an_error_of_its_event_alone(
    inventory: Inventory, database_url: str
) -> None:
    numbers = await make_events(inventory, 3)
    sql(database_url, "ALTER TABLE events DROP CONSTRAINT events_status_check")
    sql(database_url, "UPDATE events SET status = 'lost' WHERE event_number = %s", numbers[1])
    assert held(await read(inventory, numbers)) == [(numbers[0], 1), ValueError, (numbers[2], 3)]


async def test_a_slow_event_keeps_no_other_waiting(
    inventory: Inventory, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event with many lapsed holds is read alone, from the second read on. Here its read waits for a lock."""
    monkeypatch.setattr(queries, "MANY_LAPSED", 0)
    slow, *others = numbers = await make_events(inventory, 4)
    move_time(database_url, slow, timedelta(days=1), inventory)
    found = await read(inventory, numbers)
    assert held(found) == [(slow, 0), *as_placed(numbers)[1:]]
    sql(database_url, WAIT_FOR_ONE.format(number=slow))
    with psycopg.connect(database_url) as lock:
        lock.execute("SELECT pg_advisory_xact_lock(1)")
        reader = asyncio.ensure_future(inventory.queries.get_availability(slow))
        assert held(await read(inventory, others)) == as_placed(numbers)[1:]
        assert not reader.done()
    assert (await reader).counts.held == 0


@pytest.mark.parametrize("count", [5, MIN_AT_ONCE])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_connection_is_tried_again(database_url: str, when: str, count: int) -> None:
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url) as inventory:
        numbers = await make_events(inventory, count)
        setattr(proxy, when, READ)
        assert held(await read(inventory, numbers)) == as_placed(numbers)
        assert proxy.cuts == 1


async def test_a_silent_database_is_given_up_in_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reader gets the fault, and the next read works."""
    monkeypatch.setattr(together, "ANSWER_SECONDS", 0.2)
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url, wait_seconds=0.5) as inventory:
        numbers = await make_events(inventory, 3)
        proxy.silent = True
        found = await asyncio.wait_for(read(inventory, numbers), 20)
        assert held(found) == [Unavailable] * 3
        proxy.speak()
        monkeypatch.setattr(together, "ANSWER_SECONDS", 10)
        while Unavailable in (found := held(await read(inventory, numbers))):
            pass  # until the pool has a connection again
        assert found == as_placed(numbers)


@pytest.mark.parametrize("count", [3, MIN_AT_ONCE])
async def test_a_session_that_lost_its_statements_reads_all_the_same(database_url: str, count: int) -> None:
    async with an_engine(database_url, size=1) as inventory:
        numbers = await make_events(inventory, count)
        assert held(await read(inventory, numbers)) == as_placed(numbers)
        async with inventory._connections.control().connection() as connection:
            await connection.execute("DEALLOCATE ALL", prepare=False)
        assert held(await read(inventory, numbers)) == as_placed(numbers)


async def test_a_session_that_has_more_than_we_think_reads_all_the_same(database_url: str) -> None:
    """A statement that was prepared, and then forgotten by us, cannot be prepared again."""
    async with an_engine(database_url, size=1) as inventory:
        numbers = await make_events(inventory, 3)
        assert held(await read(inventory, numbers)) == as_placed(numbers)
        async with inventory._connections.control().connection() as connection:
            _SESSIONS.pop(connection)
        assert held(await read(inventory, numbers)) == as_placed(numbers)
        async with inventory._connections.control().connection() as connection:
            _SESSIONS.pop(connection)
        await place(inventory, numbers[0], quantity(1))


@pytest.mark.parametrize("known", [["get_areas"], ["get_event"], ["get_event", "get_areas"]])
async def test_a_session_that_lost_some_statements_reads_all_the_same(
    database_url: str, known: list[str]
) -> None:
    """Another read may have prepared only a later one of the statements, so the first one does not fail."""
    statements = {name: Statement(name, events.SQL[name]) for name in ("get_event", "get_areas")}
    async with an_engine(database_url, size=1) as inventory:
        connections = inventory._connections
        givens = {number: {"event_number": number} for number in await make_events(inventory, 3)}
        async with connections.control().connection() as connection:
            await connection.execute("DEALLOCATE ALL", prepare=False)
            _SESSIONS.pop(connection)
        await together.read_together(connections, [statements[name] for name in known], givens)
        async with connections.control().connection() as connection:
            await connection.execute("DEALLOCATE ALL", prepare=False)
        found = await together.read_together(connections, list(statements.values()), givens)
    for answer in found.values():
        assert isinstance(answer, list)
        assert [len(table) for table in answer] == [1, 1]


async def test_readers_who_leave_cost_the_others_nothing(inventory: Inventory) -> None:
    numbers = await make_events(inventory, 4)
    readers = [asyncio.ensure_future(inventory.queries.get_availability(number)) for number in numbers * 2]
    await asyncio.sleep(0)
    for reader in readers[:4:2]:
        reader.cancel()
    found = await all_at_once(*readers)
    assert [isinstance(each, asyncio.CancelledError) for each in found] == [True, False] * 2 + [False] * 4
    assert held(found[4:]) == as_placed(numbers)


async def test_events_of_two_nodes_are_read_from_their_own(shards: list[str]) -> None:
    async with an_engine(shards) as inventory:
        numbers = await make_events(inventory, 6)
        assert {number % 2 for number in numbers} == {0, 1}
        assert held(await read(inventory, numbers)) == as_placed(numbers)


async def test_behind_a_coordinator_each_event_is_read_alone(database_url: str) -> None:
    """Its node may be lost, and nobody knows which events are there."""
    async with cutting_proxy(database_url) as proxy, an_engine(proxy.url, size=1) as inventory:
        numbers = await make_events(inventory, 5)
        await read(inventory, numbers)
        inventory._connections.spans = False
        before = proxy.turns
        assert held(await read(inventory, numbers)) == as_placed(numbers)
        assert proxy.turns - before == 5


async def test_a_read_sees_every_commit_before_it(inventory: Inventory) -> None:
    """Readers come at any moment of the reads before theirs, while holds are committed."""
    numbers = [await new_event(inventory, areas={"general": 10_000}) for _ in range(4)]

    async def sell_and_look(number: int, sold: list[int]) -> None:
        for _ in range(25):
            await place(inventory, number, quantity(1))
            sold[0] += 1
            before = sold[0]
            assert (await inventory.queries.get_availability(number)).counts.held >= before

    sold = {number: [0] for number in numbers}
    await asyncio.gather(*(sell_and_look(number, sold[number]) for number in numbers * 3))
    assert held(await read(inventory, numbers)) == [(number, 75) for number in numbers]


def test_no_two_files_prepare_statements_of_one_name() -> None:
    """A session knows a prepared statement by its name: the second would run as the first. `spanning` has a prefix."""
    names = [each.name for each in all_statements() if each.file != "spanning"]
    assert sorted(names) == sorted(set(names))
