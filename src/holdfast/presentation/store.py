"""Presentation store: the statements of descriptions and posters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from holdfast.delivery.jobs import NewJob
from holdfast.delivery.store import add_jobs, read_clock
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, fetch
from holdfast.postgres.fan_out import ask_everywhere
from holdfast.postgres.rows import RowReader
from holdfast.presentation.markdown import first_sentence, plain_text, safe_html
from holdfast.presentation.records import Poster, PosterImage, Presentation

__all__ = ["PresentationStore"]

JobOf = Callable[[datetime], NewJob]
"""Makes the job of a change, from its time. A repeat changes nothing, and has none."""

SQL = queries.load("presentations")

_OPENING = 140
"""Characters of the sentence that lists show."""
_SUMMARY = 200
"""Characters of a summary, as social networks and lists show it."""


@lru_cache(maxsize=256)
def _forms_of(description: str) -> Mapping[str, str]:
    """Return what pages show of a description. A list of many events reads it again every few seconds."""
    return {
        "html": safe_html(description),
        "summary": plain_text(description, limit=_SUMMARY),
        "opening": first_sentence(description, limit=_OPENING),
    }


def _presentation(
    *,
    event_number: int,
    description: str,
    poster_digest: str | None,
    poster_width: int | None,
    poster_height: int | None,
    changed_at: datetime,
    changed_by: str,
) -> Presentation:
    poster = None
    if poster_digest is not None and poster_width is not None and poster_height is not None:
        poster = Poster(digest=poster_digest, width=poster_width, height=poster_height)
    return Presentation(
        event_number=event_number,
        description=description,
        **_forms_of(description),
        poster=poster,
        changed_at=changed_at,
        changed_by=changed_by,
    )


_PRESENTATION = RowReader(_presentation)


class PresentationStore:
    """Reads and writes outside the lanes: nothing here touches a sale."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def get(self, number: int) -> Presentation:
        """Return the presentation of an event; an empty one if it was never given any. Raises Fault."""
        table = await self._connections.ask(number, SQL["get_presentation"], {"event_number": number})
        return _PRESENTATION.first(table) or Presentation(event_number=number)

    async def list(self, numbers: Iterable[int]) -> Sequence[Presentation]:
        """Return the presentations of events. One that was never given any is left out. Raises Fault."""
        given = {"event_numbers": list(numbers)}
        tables = await ask_everywhere(self._connections, SQL["list_presentations"], given)
        return [found for table in tables for found in _PRESENTATION.read(table)]

    async def find_poster(self, number: int, digest: str) -> tuple[bytes, bytes] | None:
        """Return a poster of an event and its small form. Raises Fault."""
        parameters = {"event_number": number, "digest": digest}
        table = await self._connections.ask(number, SQL["get_poster"], parameters)
        for large, small in table.select("poster", "poster_small"):
            return bytes(large), bytes(small)
        return None

    async def describe(self, number: int, description: str, *, by: str, job_of: JobOf) -> None:
        """Set the description. Raises Fault."""
        await self._change(number, "describe_event", job_of, by=by, description=description)

    async def set_poster(self, number: int, picture: PosterImage, *, by: str, job_of: JobOf) -> None:
        """Set the poster. Raises Fault."""
        await self._change(
            number,
            "set_poster",
            job_of,
            by=by,
            digest=picture.poster.digest,
            poster=picture.large,
            poster_small=picture.small,
            width=picture.poster.width,
            height=picture.poster.height,
        )

    async def remove_poster(self, number: int, *, by: str, job_of: JobOf) -> None:
        """Remove the poster, if there is one. Raises Fault."""
        await self._change(number, "remove_poster", job_of, by=by)

    async def _change(self, number: int, statement: str, job_of: JobOf, **parameters: object) -> None:
        pool = self._connections.pool(number)
        async with self._connections.use(pool, writes=True) as connection, connection.transaction():
            now = await read_clock(connection)
            changed = await fetch(
                connection, SQL[statement], {"event_number": number, "now": now, **parameters}
            )
            if changed:
                await add_jobs(connection, number, [job_of(now)])
