"""The stream clients of the benchmark: each is counted, and a missing message is an error."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from benchmarks.cases import HOLDS
from benchmarks.programs import Program
from benchmarks.watchers import Deliveries, crowd
from benchmarks.wire import ask

from benchmarks import programs


@pytest.fixture
def server(database_url: str) -> Iterator[Program]:
    with programs.holdfast(database_url) as program:
        yield program


def _sell(server: Program, event: int) -> None:
    ask(server.port, HOLDS.method, HOLDS.path, json.loads(HOLDS.body_for(event) or "{}"))


def test_each_watcher_is_counted_for_each_version(database_url: str, server: Program) -> None:
    event = HOLDS.make(server.port)
    _sell(server, event)
    with crowd(server.port, event, 5) as watching:
        watching.report()
        for _ in range(4):
            _sell(server, event)
        deliveries = Deliveries.until_known(watching, database_url, event)
        assert [deliveries.knowing(version) for version in (1, 2, 3, 4, 5, 6)] == [0, 5, 5, 5, 5, 0]
        late = deliveries.lateness(database_url, event)
        assert 0 < late["last_watcher_p50_ms"] <= late["last_watcher_max_ms"]
        deliveries.counts[-1] = (*deliveries.counts[-1][:2], 4, deliveries.counts[-1][3])
        with pytest.raises(RuntimeError, match="did not reach each of 5"):
            deliveries.lateness(database_url, event)


def test_refused_watchers_are_no_measurement(database_url: str) -> None:
    with programs.holdfast(database_url, stream_limit="3") as server:
        event = HOLDS.make(server.port)
        with pytest.raises(RuntimeError, match="the crowd has ended"), crowd(server.port, event, 4):
            pass
