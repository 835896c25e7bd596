"""Events and short ways to sell, for the tests of the workers and of the audit."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg

from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.event import Event
from holdfast.inventory.seating.forms import parse_seat_map


async def make_event(
    inventory: Inventory, *, capacity: int | None = None, rows: int = 0, **rules: Any
) -> Event:
    """Create an event on sale: an area `general`, rows of ten seats in section A, and fields of `NewEvent`."""
    areas = [] if capacity is None else [c.AreaSpec(name="general", capacity=capacity)]
    new = c.NewEvent(name="Concert", areas=tuple(areas), **rules)
    if rows:
        document = {"sections": [{"name": "A", "rows": rows, "seats_per_row": 10, "category": "stalls"}]}
        layout = parse_seat_map(document)
        new = c.NewEvent(
            name="Concert", areas=tuple(areas), seats=layout.seats, categories=layout.categories, **rules
        )
    event = await inventory.create_event(new, by="test")
    assert event is not None
    return event


async def place(
    inventory: Inventory, number: int, *what: int | str, ttl: int = 60, buyer: str | None = None
) -> UUID:
    """Place a hold on quantities of the area `general`, or on seats by label. Return its id."""
    hold_id = inventory.new_id(number)
    labels = tuple(each for each in what if isinstance(each, str))
    lines: list[c.Line] = [c.QuantityLine(quantity=each) for each in what if isinstance(each, int)]
    if labels:
        lines.append(c.SeatsLine(labels=labels))
    command = c.PlaceHold(hold_id=hold_id, lines=tuple(lines), ttl_seconds=ttl, buyer=buyer)
    await inventory.execute(number, command)
    return hold_id


async def confirm(inventory: Inventory, number: int, hold_id: UUID) -> UUID:
    booking_id = inventory.new_id(number)
    await inventory.execute(number, c.ConfirmHold(hold_id=hold_id, booking_id=booking_id, authority=c.STAFF))
    return booking_id


def fetch(url: str, statement: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def key_of(text: str) -> c.RetryKey[Any]:
    digest = sha256(text.encode()).digest()
    return c.RetryKey(
        scope=digest, body=digest, render=lambda outcome: c.StoredAnswer(status=201, body=b"{}")
    )


def age(url: str, table: str, interval: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"UPDATE {table} SET created_at = created_at - interval '{interval}'")


async def attempt(inventory: Inventory, number: int, quantity: int) -> None:
    await inventory.execute(
        number,
        c.BookInstantly(
            attempt_number=await inventory.new_attempt_number(),
            hold_id=inventory.new_id(number),
            booking_id=inventory.new_id(number),
            quantity=quantity,
        ),
    )


async def hold_with_key(inventory: Inventory, number: int, text: str) -> None:
    line = c.QuantityLine(quantity=1)
    await inventory.execute_keyed(
        number, c.PlaceHold(hold_id=inventory.new_id(number), lines=(line,), key=key_of(text))
    )
