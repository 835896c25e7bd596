"""Channel: the stream of one event: which messages its clients get, when, and how.

One task does everything in turn: first messages for new clients, changes for all, and a sign of life if
nothing changes. Each message is written once, and goes to some hundred clients at a time, so that sales go on
in between. A client that has not taken the last message does not get the next: it gets a snapshot once it
has. Nothing is buffered for it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import orjson
import structlog

from holdfast.errors import HoldfastError
from holdfast.inventory import metrics
from holdfast.inventory.live.changes_since import ChangesSince
from holdfast.inventory.live.clients import StreamClient
from holdfast.inventory.live.commits import CommitFeed
from holdfast.inventory.projections.availability_json import members_of
from holdfast.inventory.projections.read_model import ReadModel
from holdfast.inventory.projections.read_models import ReadModels, SeatList
from holdfast.inventory.projections.seat_json import seat_list
from holdfast.inventory.rules.availability import Availability
from holdfast.sse import KEEP_ALIVE, Message, Reader

__all__ = ["Channel"]

log = structlog.get_logger(__name__)

PACE_SECONDS = 0.3
PACE_SECONDS_PER_WATCHER = 20e-6
"""Each message to each client costs a system call. With 10,000 clients there is one message in 0.5 s."""
KEEP_ALIVE_SECONDS = 15.0
RETRY_SECONDS = 1.0
"""Seconds between two reads of an event whose database does not answer."""
MIN_WAIT_SECONDS = 0.005
WRITES_AT_ONCE = 200
MAX_TURNS = 25
"""Max loop turns until the last of many thousands has a message. Each turn may hold as much sales work as there
is."""
BYTES_AT_ONCE = 2 * 1024 * 1024
LARGE_BYTES = 64 * 1024
"""A larger snapshot is written once between two changes, and not for each state that new clients find."""
GREETING_SECONDS = 0.1
"""Max seconds of first messages to new clients; then the others get their changes."""


class Channel:
    """Runs while the event has stream clients."""

    def __init__(
        self,
        read_model: ReadModel,
        read_models: ReadModels,
        changes_since: ChangesSince,
        watching: CommitFeed,
    ) -> None:
        self.number = read_model.number
        self.clients: set[StreamClient] = set()
        self._read_models = read_models
        self._changes_since = changes_since
        self._subscription = watching.watch(self.number)
        self._waiting: list[StreamClient] = []
        """Clients that wait for a first message, or for a snapshot."""
        self._behind: set[StreamClient] = set()
        """Clients that did not take a message. They wait for a snapshot once they can take one."""
        self._read_model = read_model
        self._state = read_model.state
        self._sequence = read_model.touches.sequence
        self._notified = -1
        """The newest known version at the last message to all."""
        self._snapshot: tuple[SeatList, Message] | None = None
        """Not older than the last message to all: the next change has everything that it lacks."""
        self._due_at = 0.0
        """Time before which no message goes to all clients."""
        self._next_look_at = 0.0
        """Time of the next change without a commit, or of the next try to reach the database."""
        self._silent_at = 0.0
        self._clock = 0.0
        """The loop's clock minus the event's, as far as known. The time of a read model in memory may be old."""
        self._task: asyncio.Task[None] | None = asyncio.get_running_loop().create_task(self._run())
        self._subscription.__enter__()
        self._read_models.watch(self.number)

    def join(self, reader: Reader, after: int | None) -> StreamClient:
        client = StreamClient(self.number, reader, after)
        self.clients.add(client)
        self._waiting.append(client)
        self._subscription.wake()
        return client

    def leave(self, client: StreamClient) -> None:
        client.is_over = True
        self.clients.discard(client)
        self._behind.discard(client)

    def end(self) -> None:
        """End every stream after its last message."""
        for client in self.clients:
            client.is_over = True
            client.reader.end()

    def stop(self) -> None:
        task, self._task = (
            self._task,
            None,
        )  # the task's exception refers to its frames, and they refer to this object
        if task is not None:
            task.cancel()
        self._subscription.__exit__(None, None, None)
        self._read_models.unwatch(self.number)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._silent_at = loop.time() + KEEP_ALIVE_SECONDS
        while True:
            await self._sleep(loop)
            try:
                if self._due_at <= loop.time() and self._news_at <= loop.time():
                    await self._advance(loop)
                if self._waiting:
                    await self._greet(loop)
                if self._silent_at <= loop.time():
                    await self._keep_alive(loop)
            except Exception as error:  # noqa: BLE001 - the clients stay, and get their messages when the failure is over
                code = error.code if isinstance(error, HoldfastError) else repr(error)
                log.warning("stream_waits", event_number=self.number, error=code)
                self._next_look_at = 0.0
                await asyncio.sleep(RETRY_SECONDS)

    async def _sleep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until something is due: a new client at once, a change at the pace."""
        while not self._waiting:
            until = min(max(self._news_at, self._due_at), self._silent_at)
            if until <= loop.time():
                return
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._subscription.changed()

    @property
    def _news_at(self) -> float:
        """The time at which something new is expected; 0 if it is known."""
        return 0.0 if self._subscription.version != self._notified or self._behind else self._next_look_at

    async def _advance(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send all clients what has changed since their last message."""
        began = loop.time()
        known = self._subscription.version
        if self._next_look_at <= began:
            read_model = await self._read_models.get_current(self.number)
            self._clock = loop.time() - read_model.now.timestamp()
        else:
            read_model = await self._read_models.get_at(self.number, known)
            self._clock = min(self._clock, began - read_model.now.timestamp())
        self._notified = known
        ahead = read_model.next_expiry
        lapses_at = float("inf") if ahead is None else ahead.timestamp() + self._clock
        self._next_look_at = max(lapses_at, began + MIN_WAIT_SECONDS)
        self._due_at = began + PACE_SECONDS + PACE_SECONDS_PER_WATCHER * len(self.clients)
        caught_up = [client for client in self._behind if client.reader.is_ready]
        self._behind.difference_update(caught_up)
        self._waiting += caught_up
        if read_model is self._read_model and read_model.state == self._state:
            return
        # A read model that was built again: the rules or the inventory changed, or it was too far behind.
        touched = read_model.touches.after(self._sequence) if read_model is self._read_model else None
        message = None
        if touched is not None:
            message = _written("change", read_model.availability(), seat_list(read_model.members(touched)))
        self._read_model, self._state = read_model, read_model.state
        self._sequence = read_model.touches.sequence
        self._snapshot = None
        current = [client for client in self.clients if client.is_current]
        if message is None:
            for client in current:
                client.is_current = False
            self._waiting += current
            return
        self._silent_at = began + KEEP_ALIVE_SECONDS
        with metrics.STREAM_SECONDS.time():
            await self._notify(message, current)

    async def _greet(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send first messages and snapshots, each written once for all clients that need it."""
        until = loop.time() + GREETING_SECONDS
        waiting, self._waiting = self._waiting, []
        by_version: dict[int | None, list[StreamClient]] = {}
        for client in waiting:
            if not client.is_over:
                by_version.setdefault(client.after, []).append(client)
        try:
            for after, group in by_version.items():
                message = await self._first(after)
                while group:
                    part = group[: _max_at_once(message, WRITES_AT_ONCE)]
                    del group[: len(part)]
                    for client in part:
                        client.is_current, client.after = True, None
                    await self._notify(message, part)
                    # Check the time only here, so that each group gets a part, however long its message took
                    # to write.
                    if loop.time() > until:
                        break
        finally:
            for group in by_version.values():
                self._waiting += group

    async def _first(self, after: int | None) -> Message:
        """Return what has changed after a version, if that is known; else a snapshot, written once per state."""
        if after is not None:
            since = await self._changes_since.get_changes(self.number, self._read_model.epoch, after)
            if since.seats is not None:
                return _written("change", since.availability, seat_list(since.seats))
        if self._snapshot is not None and len(self._snapshot[1].body) > LARGE_BYTES:
            return self._snapshot[1]
        read_model = await self._read_models.get_at(self.number, max(self._notified, self._state[0]))
        seats = await self._read_models.list_seats(read_model)
        if self._snapshot is None or self._snapshot[0] is not seats:
            self._snapshot = seats, _written("snapshot", seats.availability, seats.body)
        return self._snapshot[1]

    async def _keep_alive(self, loop: asyncio.AbstractEventLoop) -> None:
        self._silent_at = loop.time() + KEEP_ALIVE_SECONDS
        quiet = [client for client in self.clients if client.is_current and client.reader.is_ready]
        await self._notify(KEEP_ALIVE, quiet)

    async def _notify(self, message: Message, clients: list[StreamClient]) -> None:
        """Send a message. A client that cannot take it falls behind. Other work of this process runs between two
        steps."""
        step = _max_at_once(message, max(WRITES_AT_ONCE, len(clients) // MAX_TURNS))
        for at in range(0, len(clients), step):
            for client in clients[at : at + step]:
                if not (client.is_over or client.reader.write(message)):
                    client.is_current = False
                    self._behind.add(client)
                    metrics.STREAMS_BEHIND.inc()
            await asyncio.sleep(0)


def _max_at_once(message: Message, writes: int) -> int:
    return max(1, min(writes, BYTES_AT_ONCE // len(message.body)))


def _written(kind: str, availability: Availability, seats: bytes) -> Message:
    """Return a server-sent event. Its `id` is the bookmark at which `Last-Event-ID` resumes."""
    data = orjson.dumps(members_of(availability), option=orjson.OPT_UTC_Z)
    head = f"id: {availability.bookmark}\nevent: {kind}\ndata: ".encode("ascii")
    return Message(b"".join((head, data[:-1], b',"seats":', seats, b"}\n\n")))
