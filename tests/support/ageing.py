"""Ageing: time passes for a hold by moving its times back in SQL; no test waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from holdfast.ids import event_number_of
from holdfast.inventory.inventory import Inventory


def age_hold(
    database_url: str, hold_id: UUID | str, seconds: float, *, inventory: Inventory | None = None
) -> None:
    """Move the hold's times back by `seconds`.

    A process knows expiries from the journal and from memory. So the journal gets the new times, and `inventory` drops
    its occupancies and read models. Other processes keep their times.
    """
    hold_id = UUID(str(hold_id))
    number = event_number_of(hold_id)
    assert number is not None
    by = timedelta(seconds=seconds)
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "UPDATE holds SET placed_at = placed_at - %(by)s, expires_at = expires_at - %(by)s"
            " WHERE event_number = %(number)s AND id = %(id)s RETURNING expires_at",
            {"by": by, "number": number, "id": hold_id},
        ).fetchone()
        assert row is not None, f"there is no hold {hold_id}"
        connection.execute(
            "UPDATE inventories SET reclaimed_until = least(reclaimed_until, %s) WHERE event_number = %s",
            (row[0], number),
        )
        _age_journal(connection, number, hold_id, by)
    if inventory is not None:
        inventory._occupancies.drop(number)
        inventory.read_models.drop(number)


def lapse_hold(database_url: str, hold_id: UUID | str, *, inventory: Inventory | None = None) -> None:
    """Past its expiry by a second, and not a moment longer: nobody has rewritten its row."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM holds"
            " WHERE event_number = %s AND id = %s",
            (event_number_of(UUID(str(hold_id))), UUID(str(hold_id))),
        ).fetchone()
    assert row is not None, f"there is no hold {hold_id}"
    age_hold(database_url, hold_id, row[0] + 1, inventory=inventory)


def _age_journal(
    connection: psycopg.Connection[tuple[object, ...]], number: int, hold_id: UUID, by: timedelta
) -> None:
    found = connection.execute(
        "SELECT version, changes FROM journal WHERE event_number = %s AND changes @> %s",
        (number, Jsonb([{"hold": str(hold_id)}])),
    ).fetchall()
    for version, changes in found:
        assert isinstance(changes, list)
        for entry in changes:
            if entry.get("hold") == str(hold_id) and "until" in entry:
                entry["until"] = (datetime.fromisoformat(entry["until"]) - by).isoformat()
        connection.execute(
            "UPDATE journal SET changes = %s WHERE event_number = %s AND version = %s",
            (Jsonb(changes), number, version),
        )
