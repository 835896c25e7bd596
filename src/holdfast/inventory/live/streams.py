"""Streams: all watchers of this process, and the channels that notify them by server-sent events."""

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
    """By event number; an event has a channel as long as somebody watches it."""

    def __init__(
        self,
        read_models: ReadModels,
        changes_since: ChangesSince,
        watching: CommitFeed,
        *,
        max_watchers: int,
    ) -> None:
        self._read_models = read_models
        self._changes_since = changes_since
        self._commits = watching
        self._max_watchers = max_watchers
        self._channels: dict[int, Channel] = {}
        self._count = 0
        self._closing = False

    @property
    def count(self) -> int:
        """How many watchers there are."""
        return self._count

    @property
    def is_closing(self) -> bool:
        return self._closing

    def refuse_watcher(self) -> None:
        """Raises Busy where there are enough already, Unavailable at a shutdown."""
        if self._closing:
            raise Unavailable(Unavailable.SHUTTING_DOWN)
        if self._count >= self._max_watchers:
            raise Busy(Busy.STREAMS)

    @contextmanager
    def joined(self, read_model: ReadModel, reader: Reader, *, after: int | None = None) -> Iterator[None]:
        """Within the block the reader follows the event whose current picture this is.

        First a snapshot (or, after a version that is known, what has changed since), then changes. The end of the
        server ends it.
        """
        reader.write(OPENING)
        client = self._join(read_model, reader, after)
        try:
            yield
        finally:
            self._leave(client)

    async def watch(self, number: int, *, after: int | None = None) -> AsyncIterator[bytes]:
        """The same as an iterator, for readers without a connection of ours. Close it, so that its watcher leaves."""
        slot = BufferedClient()
        with self.joined(await self._read_models.get_current(number), slot, after=after):
            while (message := await slot.next()) is not None:
                yield message.body

    def subscribe(self, number: int) -> Subscription:
        """Wakes on each new version of the event, within a `with` block."""
        return self._commits.watch(number)

    async def poll(self) -> int:
        """Looks for other processes' commits to the watched events; returns how many events are watched."""
        return await self._commits.look()

    def close(self) -> None:
        """Every stream ends after its last message."""
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
