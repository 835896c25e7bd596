"""Streams: all watchers of this process, and the channels that tell them what happens, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from holdfast.errors import Busy, Unavailable
from holdfast.inventory.live.changes_since import Comparing
from holdfast.inventory.live.channel import Channel
from holdfast.inventory.live.clients import Slot, Watcher
from holdfast.inventory.live.commits import Watching
from holdfast.inventory.projections.read_model import Picture
from holdfast.inventory.projections.read_models import Pictures
from holdfast.sse import OPENING, Reader

__all__ = ["Streams"]


class Streams:
    """By event number; an event has a channel as long as somebody watches it."""

    def __init__(
        self, pictures: Pictures, comparing: Comparing, watching: Watching, *, most_watchers: int
    ) -> None:
        self._pictures = pictures
        self._comparing = comparing
        self._watching = watching
        self._most_watchers = most_watchers
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
            raise Unavailable("The server is shutting down.")
        if self._count >= self._most_watchers:
            raise Busy("Too many streams are open.")

    @contextmanager
    def joined(self, picture: Picture, reader: Reader, *, after: int | None = None) -> Iterator[None]:
        """Within the block the reader is told of the event whose current picture this is.

        First a snapshot (or, after a version that is known, what has changed since), then changes. The end of the
        server ends it.
        """
        reader.write(OPENING)
        watcher = self._join(picture, reader, after)
        try:
            yield
        finally:
            self._leave(watcher)

    async def watch(self, number: int, *, after: int | None = None) -> AsyncIterator[bytes]:
        """The same as an iterator, for readers without a connection of ours. Close it, so that its watcher leaves."""
        slot = Slot()
        with self.joined(await self._pictures.get_current(number), slot, after=after):
            while (message := await slot.next()) is not None:
                yield message.body

    def close(self) -> None:
        """Every stream ends after what it was told last."""
        self._closing = True
        for channel in list(self._channels.values()):
            channel.end()

    def _join(self, picture: Picture, reader: Reader, after: int | None) -> Watcher:
        channel = self._channels.get(picture.number)
        if channel is None:
            channel = Channel(picture, self._pictures, self._comparing, self._watching)
            self._channels[picture.number] = channel
        self._count += 1
        watcher = channel.join(reader, after)
        if self._closing:
            channel.end()
        return watcher

    def _leave(self, watcher: Watcher) -> None:
        channel = watcher.channel
        channel.leave(watcher)
        self._count -= 1
        if not channel.watchers:
            channel.stop()
            del self._channels[channel.number]
