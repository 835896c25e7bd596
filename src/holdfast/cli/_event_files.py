"""Files of events and seat maps: JSON as the API accepts it, or a CSV table."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from holdfast.api.v1.event_bodies import CreateEventIn
from holdfast.cli.output import fail
from holdfast.errors import HoldfastError
from holdfast.http.problems import invalid_input
from holdfast.inventory.rules import sale_rules
from holdfast.inventory.rules.commands import NewEvent
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.layout import Layout

__all__ = ["new_event", "read_events", "read_seat_map"]

MAX_BYTES = 64 * 1024 * 1024

_NUMBERS = frozenset({"capacity", *sale_rules.LIMITS})
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_seat_map(path: Path | None) -> Layout | None:
    """Return the seats of a file in any form of a seat map. Raises what `parse_seat_map` raises."""
    return None if path is None else parse_seat_map(_read_json(path))


def new_event(fields: dict[str, Any], layout: Layout | None) -> NewEvent:
    """Return an event from the fields of `POST /v1/events`. Raises InvalidInput, DuplicateSeat."""
    try:
        body = CreateEventIn.model_validate(fields)
    except ValidationError as failed:
        raise invalid_input(failed, fields) from None
    if body.seat_map is not None:
        layout = parse_seat_map(body.seat_map, pointer="/seat_map")
    return body.with_layout(layout or Layout(seats=(), categories=()))


def read_events(path: Path, layout: Layout | None) -> list[NewEvent]:
    """Return all events of a file. Raises typer.Exit after reporting the place of the first mistake."""
    rows = list(_rows(path))
    if not rows:
        raise fail(f"{path} has no events in it.")
    events: list[NewEvent] = []
    for place, fields in rows:
        try:
            events.append(new_event(fields, layout))
        except HoldfastError as error:
            raise fail(f"{path}, {place}: {error.detail}") from None
    return events


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each event's place in the file and its fields."""
    if path.suffix.lower() == ".csv":
        yield from _rows_of_table(path)
        return
    document = _read_json(path)
    if isinstance(document, dict):
        document = document.get("events", document.get("items", [document]))
    if not isinstance(document, list):
        raise fail(f"{path} is not a list of events.")
    for at, fields in enumerate(document, 1):
        if not isinstance(fields, dict):
            raise fail(f"{path}, event {at}: It is not an object.")
        yield f"event {at}", fields


def _rows_of_table(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield one event per line. An empty cell leaves the field out; `areas` is written `hall=800; garden=200`."""
    try:
        lines = _read_text(path).splitlines()
        table = csv.DictReader(lines, strict=True)
        for row in table:
            place = f"line {table.line_num}"
            if None in row:
                raise fail(f"{path}, {place}: It has more cells than the first line.")
            cells = {name.strip(): value.strip() for name, value in row.items() if value and value.strip()}
            if cells:
                yield place, {name: _value(name, value) for name, value in cells.items()}
    except csv.Error as error:
        raise fail(f"{path}: {error}.") from None


def _value(name: str, text: str) -> Any:
    """Return the value as JSON has it. Keeps an invalid one as text, which the model then refuses."""
    if name in _NUMBERS and text.isascii() and text.isdigit():
        return int(text)
    if name in sale_rules.SWITCHES:
        return _TRUTHS.get(text.lower(), text)
    if name == "areas":
        parts = [part.rpartition("=") for part in text.split(";") if part.strip()]
        return [
            {"name": area.strip(), "capacity": _value("capacity", size.strip())} for area, _, size in parts
        ]
    return text


def _read_json(path: Path) -> Any:
    try:
        return json.loads(_read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise fail(f"{path} is not JSON{where}.") from None


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise fail(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MB.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise fail(f"{path} is not text in UTF-8.") from None
