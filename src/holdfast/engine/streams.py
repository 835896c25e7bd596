"""Streams: what an event's watchers are told, as server-sent events that are written once for all of them.

One task for each watched event sends at most one message in 300 ms: the counts as they are, and every seat that was
touched since the last, by a batch of this process, of another, or by time. A watcher that reads too slowly gets a fresh
snapshot in place of what it missed; nothing is buffered for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
import structlog

from holdfast.domain.availability import Availability
from holdfast.domain.errors import Busy, HoldfastError, Unavailable
from holdfast.engine.availability_json import members_of
from holdfast.engine.picture import Picture
from holdfast.engine.pictures import Pictures
from holdfast.engine.seat_json import seat_list
from holdfast.engine.since import Comparing
from holdfast.engine.watching import Watching

log = structlog.get_logger(__name__)

PACE_SECONDS = 0.3
KEEP_ALIVE_SECONDS = 15.0
RETRY_SECONDS = 1.0
"""Between two looks at an event whose database does not answer."""
MOST_WATCHERS = 2_000
"""In one process; one more is refused with 503 `busy`."""
SMALLEST_WAIT_SECONDS = 0.005

OPENING = b"retry: 2000\n\n"
KEEP_ALIVE = b": keep-alive\n\n"


class Watcher:
    """One reader of a stream, with room for one message."""

    __slots__ = ("_missed", "_news", "_waiting", "is_over", "version")

    def __init__(self) -> None:
        self.version = -1
        """Newest version that it was told of."""
        self.is_over = False
        self._waiting: tuple[int, bytes] | None = None
        self._missed: int | None = None
        self._news = asyncio.Event()

    @property
    def is_behind(self) -> bool:
        """A message came before the last one was taken, or the inventory changed: it needs a snapshot."""
        return self._missed is not None

    def tell(self, version: int, message: bytes) -> None:
        if self._waiting is not None or self._missed is not None:
            self.restart(version)
        else:
            self._waiting = version, message
            self._news.set()

    def restart(self, version: int) -> None:
        """The next message is a snapshot, of this version or a later one."""
        self._waiting, self._missed = None, version
        self._news.set()

    def begin(self) -> None:
        """What it is told next is read from now on: whatever waits is older."""
        self._waiting = self._missed = None

    def told(self, version: int) -> None:
        """It knows this version now; older news are none."""
        self.version = version
        if self._waiting is not None and self._waiting[0] < version:
            self._waiting = None
        if self._missed is not None and self._missed < version:
            self._missed = None

    def end(self) -> None:
        self.is_over = True
        self._news.set()

    async def wait(self) -> bytes | None:
        """The next message; None where `is_behind` or `is_over` came true instead."""
        while True:
            if self.is_over or self._missed is not None:
                return None
            if self._waiting is not None:
                (version, message), self._waiting = self._waiting, None
                if version >= self.version:  # not older than what it came with
                    self.version = version
                    return message
            self._news.clear()
            await self._news.wait()


class Channel:
    """One watched event: its watchers, and how far they were told."""

    def __init__(self, number: int, picture: Picture) -> None:
        self.number = number
        self.watchers: set[Watcher] = set()
        self.task: asyncio.Task[None] | None = None
        self.picture = picture
        self.state = picture.state
        self.sequence = picture.sequence

    def advance(self, picture: Picture) -> None:
        """Tell all watchers what has changed since they were told last."""
        if picture is self.picture and picture.state == self.state:
            return
        # A picture that was drawn anew: the rules or the inventory changed, or too much did.
        touched = picture.touched_after(self.sequence) if picture is self.picture else None
        self.picture, self.state, self.sequence = picture, picture.state, picture.sequence
        if touched is None:
            for watcher in self.watchers:
                watcher.restart(picture.version)
            return
        message = _written("change", picture.availability(), seat_list(picture.members(touched)))
        for watcher in self.watchers:
            watcher.tell(picture.version, message)


class Streams:
    """All streams of this process."""

    def __init__(
        self,
        pictures: Pictures,
        comparing: Comparing,
        watching: Watching,
        *,
        most_watchers: int = MOST_WATCHERS,
    ) -> None:
        self._pictures = pictures
        self._comparing = comparing
        self._watching = watching
        self._most_watchers = most_watchers
        self._channels: dict[int, Channel] = {}
        self._closing = False

    @property
    def count(self) -> int:
        """How many watchers there are."""
        return sum(len(channel.watchers) for channel in self._channels.values())

    @property
    def is_closing(self) -> bool:
        return self._closing

    def refuse_watcher(self) -> None:
        """Raises Busy where there are enough already, Unavailable at a shutdown."""
        if self._closing:
            raise Unavailable("The server is shutting down.")
        if self.count >= self._most_watchers:
            raise Busy("Too many streams are open.")

    async def watch(self, number: int, *, after: int | None = None) -> AsyncIterator[bytes]:
        """Messages for ever: a snapshot (or, after a version that is known, what has changed since), then changes.

        Ends when the server does. Close it, so that the watcher is forgotten.
        """
        watcher = Watcher()
        channel = self._join(number, watcher, await self._pictures.get_current(number))
        try:
            yield OPENING
            yield await self._first(channel, watcher, after)
            while not watcher.is_over:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                        message = await watcher.wait()
                except TimeoutError:
                    yield KEEP_ALIVE
                    continue
                if message is not None:
                    yield message
                elif not watcher.is_over:
                    yield await self._snapshot(channel, watcher)
        finally:
            self._leave(channel, watcher)

    def close(self) -> None:
        """Every stream ends after the message that it is sending."""
        self._closing = True
        for channel in list(self._channels.values()):
            for watcher in channel.watchers:
                watcher.end()

    def _join(self, number: int, watcher: Watcher, picture: Picture) -> Channel:
        channel = self._channels.get(number)
        if channel is None:
            channel = self._channels[number] = Channel(number, picture)
            channel.task = asyncio.get_running_loop().create_task(self._tell(channel))
        channel.watchers.add(watcher)
        if self._closing:
            watcher.end()
        return channel

    def _leave(self, channel: Channel, watcher: Watcher) -> None:
        channel.watchers.discard(watcher)
        if not channel.watchers and channel.task is not None:
            channel.task.cancel()
            channel.task = None
            self._channels.pop(channel.number, None)

    async def _first(self, channel: Channel, watcher: Watcher, after: int | None) -> bytes:
        if after is not None:
            watcher.begin()
            since = await self._comparing.get_changes(channel.number, after)
            if since.seats is not None:
                watcher.told(since.availability.version)
                return _written("change", since.availability, seat_list(since.seats))
        return await self._snapshot(channel, watcher)

    async def _snapshot(self, channel: Channel, watcher: Watcher) -> bytes:
        """Of the newest state: what the channel will tell of earlier ones is passed over."""
        watcher.begin()
        picture = await self._pictures.get_current(channel.number)
        seats = await self._pictures.list_seats(picture, every=False)
        watcher.told(seats.availability.version)
        return _written("snapshot", seats.availability, seats.body)

    async def _tell(self, channel: Channel) -> None:
        """As long as anybody watches."""
        loop = asyncio.get_running_loop()
        with self._watching.watch(channel.number) as watch:
            while True:
                began = loop.time()
                try:
                    picture = await self._pictures.get_current(channel.number)
                    channel.advance(picture)
                    ahead = picture.next_expiry
                    until_expiry = None if ahead is None else (ahead - picture.now).total_seconds()
                except Exception as error:  # noqa: BLE001 - the watchers stay, and are told when it passes
                    code = error.code if isinstance(error, HoldfastError) else repr(error)
                    log.warning("stream_waits", event_number=channel.number, error=code)
                    until_expiry = RETRY_SECONDS
                if until_expiry is not None:
                    until_expiry = max(until_expiry - (loop.time() - began), SMALLEST_WAIT_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(until_expiry):
                        await watch.changed()
                await asyncio.sleep(max(0.0, began + PACE_SECONDS - loop.time()))


def _written(kind: str, availability: Availability, seats: bytes) -> bytes:
    """A server-sent event; its `id` is what `Last-Event-ID` resumes after."""
    data = orjson.dumps(members_of(availability), option=orjson.OPT_UTC_Z)
    head = f"id: {availability.version}\nevent: {kind}\ndata: ".encode("ascii")
    return b"".join((head, data[:-1], b',"seats":', seats, b"}\n\n"))
