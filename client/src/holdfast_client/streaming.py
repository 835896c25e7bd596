"""Streaming: follow an event's server-sent events across lost connections. No input or output happens here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx2

from holdfast_client.calls import Answer, Call, EventRef, get, path
from holdfast_client.errors import BadAnswer, HoldfastError, Unreachable
from holdfast_client.models import Change, Snapshot
from holdfast_client.reading import read
from holdfast_client.retrying import Outcome, Retries


@dataclass(slots=True)
class Following:
    """The state of a stream: the last id received, and since when no message has come.

    A lost connection is opened again with `Last-Event-ID`, until no message came for `retries.total_seconds`.
    """

    event: EventRef
    retries: Retries
    last_event_id: str | None = None
    _failing_since: float | None = None
    _pause: float = 0.0

    def call(self) -> Call[None]:
        """Return the request of the next connection."""
        headers = {"accept": "text/event-stream"}
        if self.last_event_id is not None:
            headers["last-event-id"] = self.last_event_id
        return get(path("events", self.event, "stream"), lambda _: None, headers=headers)

    def take(self, sent: httpx2.ServerSentEvent) -> Snapshot | Change | None:
        """Return the message of a server-sent event; None if it has no data or is of a newer kind. Raises BadAnswer."""
        self._failing_since = None
        if sent.id:
            self.last_event_id = sent.id
        kind = _KINDS.get(sent.event)
        if kind is None or not sent.data:
            return None
        return replace(read(kind, Answer(status=200, content=sent.data.encode()).json()), id=sent.id)

    def pause_seconds(self, ended: Outcome) -> float:
        """Return the wait after a lost or failed connection, in seconds. Raises HoldfastError to give up."""
        retries = self.retries
        now = retries.clock()
        if self._failing_since is None:
            self._failing_since, self._pause = now, retries.first_pause_seconds
        error = _error_of(self.call(), ended)
        if not retries.cover(error):
            raise error
        requested = ended.retry_after_seconds if isinstance(ended, Answer) else None
        wait = (requested or 0.0) + self._pause * (0.5 + retries.random() / 2)
        self._pause = min(self._pause * 2, retries.longest_pause_seconds)
        if now + wait >= self._failing_since + retries.total_seconds:
            raise error
        return wait


_KINDS: Mapping[str, type[Snapshot | Change]] = {"snapshot": Snapshot, "change": Change}


def _error_of(call: Call[None], ended: Outcome) -> HoldfastError:
    if ended is None:
        return Unreachable("The stream ended without an error.")
    if isinstance(ended, HoldfastError):
        return ended
    try:
        call.result(ended)
    except HoldfastError as error:
        return error
    return BadAnswer(f"The answer {ended.status} is not a stream.", status=ended.status)
