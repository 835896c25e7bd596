"""The verdict on a server after a fault: its bookings are exactly the acknowledged ones, and its books agree."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import httpx2
import psycopg

from holdfast.inventory.audit.check import Auditor
from holdfast.postgres.connections import Connections
from holdfast_client import AsyncClient, Retries
from holdfast_client.models import Event

# Compares each counter with its live claims, in one snapshot.
_DISAGREEMENTS = """
SELECT area.event_number, area.name, area.held, area.booked, area.blocked, counted.*
FROM areas AS area
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(quantity) FILTER (WHERE kind = 'hold' AND booked_version IS NULL), 0) AS held,
        coalesce(sum(quantity) FILTER (WHERE kind = 'hold' AND booked_version IS NOT NULL), 0) AS booked,
        coalesce(sum(quantity) FILTER (WHERE kind = 'block'), 0) AS blocked
    FROM claims
    WHERE claims.event_number = area.event_number
      AND claims.area_number = area.area_number
      AND claims.ended_version IS NULL
) AS counted
WHERE (area.held, area.booked, area.blocked) <> (counted.held, counted.booked, counted.blocked)
"""


async def judge(url: str, database_url: str, event: Event, booked: Collection[UUID]) -> None:
    """Assert that the bookings are exactly the acknowledged ones, all confirmed, and that the books agree."""
    # The judge may come while a worker restarts.
    async with AsyncClient(url, retries=Retries(wait_for_server=True)) as client:
        found = {one.id: one async for one in client.iterate_bookings(event=event, limit=200)}
        availability = await client.get_availability(event)
    missing = set(booked) - set(found)
    assert not missing, f"{len(missing)} of {len(booked)} acknowledged bookings are missing"
    assert set(found) == set(booked)
    assert all(one.status == "confirmed" for one in found.values())
    assert availability.booked == sum(one.quantity for one in found.values())
    seats = [label for one in found.values() for line in one.lines for label in line.seats]
    assert len(seats) == len(set(seats))
    await judge_books(database_url)


async def judge_decisions(url: str) -> None:
    """Assert that the database refused no decision of the engine, in any worker: the lock alone was enough."""
    async with httpx2.AsyncClient(base_url=url, headers={"accept": "application/json"}) as client:
        counted = (await client.get("/metrics")).json()["metrics"]
    assert counted["holdfast_holds_placed_total"] > 0
    assert counted["holdfast_invariant_violations_total"] == 0


async def judge_books(database_url: str) -> None:
    """Assert that counters and claims agree, by a separate query, and that the audit finds nothing."""
    with psycopg.connect(database_url) as connection:
        assert connection.execute(_DISAGREEMENTS).fetchall() == []
    connections = Connections(database_url)
    await connections.open()
    try:
        auditor = Auditor(connections)
        report = await auditor.check(await auditor.list_numbers(), with_strays=True)
    finally:
        await connections.close()
    assert report.events
    assert report.disagreements == []
