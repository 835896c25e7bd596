"""Streams: all stream clients of this process, and the channels that send them server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from holdfast.errors import Busy, Unavailable
from holdfast.inventory.live.changes_since import ChangesSince
from holdfast.inventory.live.channel import Channel
from holdfast.inventory.live.clients import BufferedClient, StreamClient
from holdfast.inventory.live.commits import CommitFeed, Subscription
from holdfast.inventory.projections.read_model import ReadModel
from holdfast.inventory.projections.read_models import ReadModels
from holdfast.sse import OPENING, Reader

__all__ = ["Streams"]


class Streams:
    """Channels by event number. An event has a channel while it has stream clients."""

    def __init__(
        self,
        read_models: ReadModels,
        changes_since: ChangesSince,
        watching: CommitFeed,
        *,
        max_clients: int,
    ) -> None:
        self._read_models = read_models
        self._changes_since = changes_since
        self._commits = watching
        self._max_clients = max_clients
        self._channels: dict[int, Channel] = {}
        self._count = 0
        self._closing = False

    @property
    def count(self) -> int:
        """The number of stream clients."""
        return self._count

    @property
    def is_closing(self) -> bool:
        return self._closing

    def refuse_client(self) -> None:
        """Raises Busy if there are too many clients, and Unavailable at a shutdown."""
        if self._closing:
            raise Unavailable(Unavailable.SHUTTING_DOWN)
        if self._count >= self._max_clients:
            raise Busy(Busy.STREAMS)

    @contextmanager
    def joined(self, read_model: ReadModel, reader: Reader, *, after: int | None = None) -> Iterator[None]:
        """Inside this block the reader follows the event of this current read model.

        It gets a snapshot, or what has changed since the version `after` if that is known; then changes. The
        end of the server ends it.
        """
        reader.write(OPENING)
        client = self._join(read_model, reader, after)
        try:
            yield
        finally:
            self._leave(client)

    async def watch(self, number: int, *, after: int | None = None) -> AsyncIterator[bytes]:
        """Yield the same messages, for readers without a connection of ours. Close the iterator, so that its
        client leaves."""
        slot = BufferedClient()
        with self.joined(await self._read_models.get_current(number), slot, after=after):
            while (message := await slot.next()) is not None:
                yield message.body

    def subscribe(self, number: int) -> Subscription:
        """Return a subscription, whose `with` block wakes on each new version of the event."""
        return self._commits.watch(number)

    async def poll(self) -> int:
        """Look for other processes' commits to the watched events. Return the number of those events."""
        return await self._commits.look()

    def close(self) -> None:
        """End every stream after its last message."""
        self._closing = True
        for channel in list(self._channels.values()):
            channel.end()

    def _join(self, read_model: ReadModel, reader: Reader, after: int | None) -> StreamClient:
        channel = self._channels.get(read_model.number)
        if channel is None:
            channel = Channel(read_model, self._read_models, self._changes_since, self._commits)
            self._channels[read_model.number] = channel
        self._count += 1
        client = channel.join(reader, after)
        if self._closing:
            channel.end()
        return client

    def _leave(self, client: StreamClient) -> None:
        channel = self._channels[client.event_number]
        channel.leave(client)
        self._count -= 1
        if not channel.clients:
            channel.stop()
            del self._channels[channel.number]
