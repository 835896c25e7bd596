"""The stream: each change in order, across lost connections."""

from __future__ import annotations

from contextlib import aclosing, closing

import pytest

from holdfast_client import AsyncClient, Client, Quantity, Retries, errors
from holdfast_client.models import Change, Snapshot
from support.lossy_proxy import LossyProxy

QUICK = Retries(first_pause_seconds=0.001, longest_pause_seconds=0.01)


def version_of(message: Snapshot | Change) -> int:
    assert message.id is not None
    return int(message.id.partition(".")[2])


def test_a_cut_stream_resumes_without_gap_or_repeat(proxy: LossyProxy, client: Client) -> None:
    """Changes during the cut arrive, and nothing arrives twice."""
    event = client.create_event("Concert", capacity=10)
    with Client(proxy.url, retries=QUICK) as watcher, closing(watcher.stream(event)) as messages:
        first = next(messages)
        client.place_hold(event, Quantity(1))
        second = next(messages)
        proxy.cut_streams()
        client.place_hold(event, Quantity(2))
        third = next(messages)
    assert [type(one) for one in (first, second, third)] == [Snapshot, Change, Change]
    assert [one.available for one in (first, second, third)] == [10, 9, 7]
    assert version_of(first) < version_of(second) < version_of(third)
    streams = [one for one in proxy.passed if one.path.endswith("/stream")]
    assert "last-event-id" not in streams[0].headers
    assert streams[-1].headers["last-event-id"] == second.id


async def test_the_async_client_follows_too(proxy: LossyProxy, client: Client) -> None:
    event = client.create_event("Concert", capacity=10)
    async with AsyncClient(proxy.url, retries=QUICK) as watcher, aclosing(watcher.stream(event)) as messages:
        first = await anext(messages)
        proxy.cut_streams()
        client.place_hold(event, Quantity(1))
        second = await anext(messages)
    assert version_of(first) < version_of(second)


def test_a_stream_of_a_missing_event_is_refused(client: Client) -> None:
    with pytest.raises(errors.EventNotFound):
        next(client.stream(10**9))
