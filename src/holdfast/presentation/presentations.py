"""Presentations: the face of this context. It keeps what the pages show, and reads it seldom during a rush."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from holdfast.access.audit import Actor
from holdfast.access.audit_jobs import audit_job
from holdfast.delivery.jobs import NewJob
from holdfast.inventory.inventory import Inventory
from holdfast.postgres.connections import Connections
from holdfast.presentation.markdown import plain_text
from holdfast.presentation.pictures import decoded, make_picture
from holdfast.presentation.records import PosterImage, Presentation
from holdfast.presentation.store import PresentationStore

__all__ = ["Presentations"]

_CACHE_SECONDS = 5.0
"""For this long, a page may show what another process has just changed."""
_AUDITED = 200
"""Characters of a description that its entry of the audit has."""
_MAX_CACHED = 2_000
_MAX_POSTER_BYTES = 32 * 1024 * 1024
"""Pictures that a process remembers, because each visitor of a page asks for its picture."""


class Presentations:
    """The descriptions and posters of all events."""

    def __init__(
        self, inventory: Inventory, connections: Connections, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._queries = inventory.queries
        self._store = PresentationStore(connections)
        self._clock = clock
        self._cached: dict[int, tuple[float, Presentation]] = {}
        self._posters: dict[tuple[int, str], tuple[bytes, bytes]] = {}
        self._poster_bytes = 0
        self._decoding = asyncio.Lock()
        """One upload is decoded at a time, because it takes memory and a processor."""

    async def get(self, number: int) -> Presentation:
        """Return the presentation of an event as it is now. Raises Fault."""
        return self._keep(await self._store.get(number))

    async def find(self, number: int) -> Presentation:
        """Return the presentation of an event for a page, a few seconds old or less. Raises Fault."""
        return self._fresh(number) or await self.get(number)

    async def find_many(self, numbers: Sequence[int]) -> Mapping[int, Presentation]:
        """Return the presentations of events for a page, by number. Raises Fault."""
        known = {number: self._fresh(number) for number in numbers}
        missing = [number for number, found in known.items() if found is None]
        if missing:
            read = {found.event_number: found for found in await self._store.list(missing)}
            known |= {
                number: self._keep(read.get(number) or Presentation(event_number=number))
                for number in missing
            }
        return {number: found for number, found in known.items() if found is not None}

    async def find_poster(self, number: int, digest: str) -> tuple[bytes, bytes] | None:
        """Return the poster of an event that has this digest, and its small form. Raises Fault."""
        known = self._posters.get((number, digest))
        if known is None:
            known = await self._store.find_poster(number, digest)
            if known is None:
                return None
            if self._poster_bytes > _MAX_POSTER_BYTES:
                self._posters.clear()
                self._poster_bytes = 0
            self._posters[number, digest] = known
            self._poster_bytes += sum(map(len, known))
        return known

    async def describe(self, number: int, description: str, *, by: Actor) -> Presentation:
        """Set the description of an event, in Markdown. The audit has its first words. Raises Fault."""
        job_of = await self._job_of(
            number, by, "description.changed", summary=plain_text(description, limit=_AUDITED)
        )
        await self._store.describe(number, description, by=by.principal, job_of=job_of)
        return await self.get(number)

    async def read_picture(self, text: str) -> PosterImage:
        """Return an uploaded picture, in base 64, as a poster. Raises PictureRefused."""
        async with self._decoding:
            return await asyncio.to_thread(lambda: make_picture(decoded(text)))

    async def set_poster(self, number: int, picture: PosterImage, *, by: Actor) -> Presentation:
        """Set the poster of an event. Raises Fault."""
        await self._set_poster(number, picture, by=by)
        return await self.get(number)

    async def remove_poster(self, number: int, *, by: Actor) -> Presentation:
        """Remove the poster of an event. Raises Fault."""
        job_of = await self._job_of(number, by, "poster.removed")
        await self._store.remove_poster(number, by=by.principal, job_of=job_of)
        return await self.get(number)

    async def copy(self, source: int, target: int, *, by: Actor) -> None:
        """Give an event the poster of another one. Raises Fault."""
        poster = (await self._store.get(source)).poster
        found = None if poster is None else await self._store.find_poster(source, poster.digest)
        if poster is not None and found is not None:
            large, small = found
            await self._set_poster(target, PosterImage(poster=poster, large=large, small=small), by=by)
        self._cached.pop(target, None)

    async def _set_poster(self, number: int, picture: PosterImage, *, by: Actor) -> None:
        job_of = await self._job_of(number, by, "poster.set", poster=picture.poster.digest)
        await self._store.set_poster(number, picture, by=by.principal, job_of=job_of)

    async def _job_of(
        self, number: int, by: Actor, action: str, **detail: Any
    ) -> Callable[[datetime], NewJob]:
        """Return what makes the job of the audit's entry, from the time of the change."""
        organisation = (await self._queries.get_event(number)).organisation
        return lambda at: audit_job(
            number, by, action, f"event:{number}", organisation=organisation, at=at.isoformat(), **detail
        )

    def _fresh(self, number: int) -> Presentation | None:
        found = self._cached.get(number)
        return found[1] if found is not None and self._clock() - found[0] < _CACHE_SECONDS else None

    def _keep(self, found: Presentation) -> Presentation:
        if len(self._cached) >= _MAX_CACHED:
            self._cached.clear()
        self._cached[found.event_number] = self._clock(), found
        return found
