"""A batch against the database: lock and load in one round trip, write and commit in another.

A batch of several events is for events with few commands each. A lone hold costs two round trips, a dozen
statements and an fsync. Two hundred events with a hold each share those costs. On a cluster the events of one
shard can share a batch. On plain shards each event has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.store.steps import ONE_POSTGRES, BatchStep, Forms, statements_for
from holdfast.inventory.store.writes import WRITES
from holdfast.postgres.connections import Connection
from holdfast.postgres.rows import Table
from holdfast.postgres.transaction import Transaction

MAX_VERSIONS_BEHIND = 1_000
"""An occupancy that is further behind than this is loaded in full."""

Loaded = Mapping[str, Table]
"""The loaded rows of one event, by statement. A statement that was not sent has no entry."""


class Loading(Protocol):
    """An event to load."""

    @property
    def given(self) -> Mapping[str, Any]:
        """Parameters that are the same for all rows of the event, `event_number` among them."""


L = TypeVar("L", bound=Loading)


class Batch(Transaction):
    """A transaction over one event or several: `load`, then `commit` or `roll_back`."""

    def __init__(self, connection: Connection, forms: Forms = ONE_POSTGRES) -> None:
        super().__init__(connection)
        self._forms = forms

    async def load(self, steps: Sequence[BatchStep[L]], events: Sequence[L]) -> list[Loaded]:
        """Return the loaded rows of each event. Raises the driver's errors; then nothing was done.

        A single event waits for its lock. If there are several, those that others have locked have no rows.
        """
        givens = [{"max_rows": MAX_VERSIONS_BEHIND + 1, **event.given} for event in events]
        sent = list(statements_for(steps, events, givens, self._forms))
        tables = await self._begin([(statement, parameters) for _, statement, parameters in sent])
        found = {name: table for (name, _, _), table in zip(sent, tables, strict=True)}
        if len(events) == 1:
            return [found]
        divided = {name: table.by("event_number") for name, table in found.items()}
        return [
            {name: tables.get(given["event_number"], _NO_ROWS) for name, tables in divided.items()}
            for given in givens
        ]

    async def commit(self, states: Sequence[BatchState], committing: Callable[[], object]) -> None:
        """Write and commit the events that have changed. `committing` is called right before COMMIT is sent.

        Raises CommitUnknownError if the commit may have happened, and the driver's errors if it certainly has
        not.
        """
        versions = [state.version + bool(state.changes.journal) for state in states]
        givens = [
            {
                "event_number": state.event.number,
                "version": version,
                "now": state.now,
                "map_version": state.event.map_version,
            }
            for state, version in zip(states, versions, strict=True)
        ]
        for _, statement, parameters in statements_for(WRITES, states, givens, self._forms):
            self._pipeline.add(statement, parameters)
        committing()
        await self._commit()
        for state, version in zip(states, versions, strict=True):
            state.version = version


_NO_ROWS = Table()
