"""Channel: one watched event: what its watchers are sent, when, and how it reaches all of them.

One task does all of it, one thing after the other: a first message for those who have come, a change for all, a sign of
life where nothing changes. Each is written once, and goes to the readers some hundred at a time, so that sales go on in
between. A reader that has not taken the last message is not given the next: it gets a snapshot once it has. Nothing is
buffered for it.
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
"""Each message to each watcher costs a system call: with 10,000 of them there is one in 0.5 s."""
KEEP_ALIVE_SECONDS = 15.0
RETRY_SECONDS = 1.0
"""Between two looks at an event whose database does not answer."""
MIN_WAIT_SECONDS = 0.005
WRITES_AT_ONCE = 200
MAX_TURNS = 25
"""Of the loop, until the last of many thousands is notified: each turn may hold as much work of sales as there is."""
BYTES_AT_ONCE = 2 * 1024 * 1024
LARGE_BYTES = 64 * 1024
"""A snapshot above that is written once between two changes, and not for each state that newcomers find."""
GREETING_SECONDS = 0.1
"""Those who have come get their first messages for so long; then the others are sent what is new."""


class Channel:
    """Runs as long as anybody watches."""

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
        """For a first message, or a snapshot."""
        self._behind: set[StreamClient] = set()
        """Did not take a message; they wait for a snapshot once they can take one."""
        self._read_model = read_model
        self._state = read_model.state
        self._sequence = read_model.touches.sequence
        self._heard = -1
        """The newest known version when all were last notified."""
        self._snapshot: tuple[SeatList, Message] | None = None
        """Not older than what all were last sent: the next change has whatever it lacks."""
        self._due_at = 0.0
        """No message to all of them before."""
        self._look_at = 0.0
        """Then something changes without a commit, or the database is tried again."""
        self._silent_at = 0.0
        self._clock = 0.0
        """What the loop's clock is ahead of the event's, as far as known: a picture from memory may be of long ago."""
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
        """Every stream ends after its last message."""
        for client in self.clients:
            client.is_over = True
            client.reader.end()

    def stop(self) -> None:
        task, self._task = self._task, None  # what it ends with refers to its frames, and these to this
        if task is not None:
            task.cancel()
        self._subscription.__exit__(None, None, None)
        self._read_models.unwatch(self.number)

    # -- one thing after the other ---------------------------------------------------------------------------------

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
            except Exception as error:  # noqa: BLE001 - the watchers stay, and are notified when it passes
                code = error.code if isinstance(error, HoldfastError) else repr(error)
                log.warning("stream_waits", event_number=self.number, error=code)
                self._look_at = 0.0
                await asyncio.sleep(RETRY_SECONDS)

    async def _sleep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until there is something to do: at once where somebody came, at the pace where something is new."""
        while not self._waiting:
            until = min(max(self._news_at, self._due_at), self._silent_at)
            if until <= loop.time():
                return
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._subscription.changed()

    @property
    def _news_at(self) -> float:
        """When there is something new, as far as one knows."""
        return 0.0 if self._subscription.version > self._heard or self._behind else self._look_at

    async def _advance(self, loop: asyncio.AbstractEventLoop) -> None:
        """Notify all watchers of what has changed since their last message."""
        began = loop.time()
        heard = self._subscription.version
        if self._look_at <= began:
            read_model = await self._read_models.get_current(self.number)
            self._clock = loop.time() - read_model.now.timestamp()
        else:
            read_model = await self._read_models.get_at(self.number, heard)
            self._clock = min(self._clock, began - read_model.now.timestamp())
        self._heard = heard
        ahead = read_model.next_expiry
        lapses_at = float("inf") if ahead is None else ahead.timestamp() + self._clock
        self._look_at = max(lapses_at, began + MIN_WAIT_SECONDS)
        self._due_at = began + PACE_SECONDS + PACE_SECONDS_PER_WATCHER * len(self.clients)
        caught_up = [client for client in self._behind if client.reader.is_ready]
        self._behind.difference_update(caught_up)
        self._waiting += caught_up
        if read_model is self._read_model and read_model.state == self._state:
            return
        # A picture that was drawn again: the rules or the inventory changed, or too much did.
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
        """First messages and snapshots, written once for all who need the same."""
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
                    some = group[: _most_at_once(message, WRITES_AT_ONCE)]
                    del group[: len(some)]
                    for client in some:
                        client.is_current, client.after = True, None
                    await self._notify(message, some)
                    # Only now: some of each group, however long it took to write their message.
                    if loop.time() > until:
                        break
        finally:
            for group in by_version.values():
                self._waiting += group

    async def _first(self, after: int | None) -> Message:
        """What has changed after a version, where that is known; else a snapshot, one for each state."""
        if after is not None:
            since = await self._changes_since.get_changes(self.number, after)
            if since.seats is not None:
                return _written("change", since.availability, seat_list(since.seats))
        if self._snapshot is not None and len(self._snapshot[1].body) > LARGE_BYTES:
            return self._snapshot[1]
        read_model = await self._read_models.get_at(self.number, max(self._heard, self._state[0]))
        seats = await self._read_models.list_seats(read_model, every=False)
        if self._snapshot is None or self._snapshot[0] is not seats:
            self._snapshot = seats, _written("snapshot", seats.availability, seats.body)
        return self._snapshot[1]

    async def _keep_alive(self, loop: asyncio.AbstractEventLoop) -> None:
        self._silent_at = loop.time() + KEEP_ALIVE_SECONDS
        quiet = [client for client in self.clients if client.is_current and client.reader.is_ready]
        await self._notify(KEEP_ALIVE, quiet)

    async def _notify(self, message: Message, clients: list[StreamClient]) -> None:
        """A client that cannot take it is left behind. Others of this process's work goes on between two steps."""
        step = _most_at_once(message, max(WRITES_AT_ONCE, len(clients) // MAX_TURNS))
        for at in range(0, len(clients), step):
            for client in clients[at : at + step]:
                if not (client.is_over or client.reader.write(message)):
                    client.is_current = False
                    self._behind.add(client)
                    metrics.STREAMS_BEHIND.inc()
            await asyncio.sleep(0)


def _most_at_once(message: Message, writes: int) -> int:
    return max(1, min(writes, BYTES_AT_ONCE // len(message.body)))


def _written(kind: str, availability: Availability, seats: bytes) -> Message:
    """A server-sent event; its `id` is what `Last-Event-ID` resumes after."""
    data = orjson.dumps(members_of(availability), option=orjson.OPT_UTC_Z)
    head = f"id: {availability.version}\nevent: {kind}\ndata: ".encode("ascii")
    return Message(b"".join((head, data[:-1], b',"seats":', seats, b"}\n\n")))
