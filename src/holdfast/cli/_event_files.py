"""Event files: events and seat maps as JSON, read as the API reads a body, and events as a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import typer

from holdfast.api.v1.event_bodies import CreateEventIn
from holdfast.cli._bodies import validated
from holdfast.cli._event_tables import Entry, Mistake, read_table
from holdfast.cli._times import with_offsets
from holdfast.cli.output import count_of, fail
from holdfast.errors import FieldError, HoldfastError, InvalidInput, Malformed
from holdfast.http.decoding import decode
from holdfast.inventory.rules.commands import NewEvent
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.layout import Layout

__all__ = ["FileEvent", "new_event", "read_events", "read_json", "read_seat_map"]

MAX_BYTES = 64 * 1024 * 1024
_MAX_MISTAKES = 100
_TABLES = frozenset({".csv", ".tsv", ".tab"})
_WORKBOOK = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of XLSX and ODS, which are archives, and of XLS."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_END_OF_FILE = "\x1a"
"""The last character of some old programs' files."""
_NO_SEATS = Layout(seats=(), categories=())


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvent:
    """An event of a file. Equal entries have equal digests, whatever else the file has."""

    new: NewEvent
    digest: bytes


def read_seat_map(path: Path | None) -> Layout | None:
    """Return the seats of a file in any form of a seat map. Raises what `parse_seat_map` raises."""
    return None if path is None else parse_seat_map(read_json(path))


def new_event(fields: Mapping[str, Any], layout: Layout | None) -> NewEvent:
    """Return an event from the fields of `POST /v1/events`. Raises InvalidInput, DuplicateSeat."""
    body = validated(CreateEventIn, fields)
    if body.seat_map is not None:
        layout = parse_seat_map(body.seat_map, pointer="/seat_map")
    return body.with_layout(layout or _NO_SEATS)


def read_events(path: Path, layout: Layout | None) -> list[FileEvent]:
    """Return all events of a file. Raises typer.Exit after reporting the place of every mistake."""
    content = _read(path)
    is_table = path.suffix.lower() in _TABLES or content.lstrip()[:1] not in (b"[", b"{")
    if is_table and path.suffix.lower() != ".json":
        text = _text(path, content)
        if text.lstrip()[:1] in ("[", "{"):
            raise fail(f"{path} has JSON in it: give it a name that ends in .json.")
        entries, mistakes = read_table(text)
    else:
        entries, mistakes = _entries_of_json(path, content), []
    seats = sha256(repr(layout).encode()).digest()
    events: list[FileEvent] = []
    for entry in entries:
        new, errors = _new_event(entry.fields, layout)
        mistakes += [entry.mistake(error) for error in errors]
        if new is not None:
            events.append(FileEvent(new=new, digest=_digest(entry.fields, seats)))
    if mistakes:
        raise _refused(path, mistakes)
    if not events:
        raise fail(
            f"{path} has no events in it: behind the line with the names of the columns, each line is one."
        )
    return events


def read_json(path: Path) -> Any:
    """Return the value of a JSON file, by the rules of a body of the API. Raises typer.Exit."""
    return _decoded(path, _read(path))


def _new_event(fields: Mapping[str, Any], layout: Layout | None) -> tuple[NewEvent | None, list[FieldError]]:
    """Return the event, or every mistake in its fields."""
    errors: list[FieldError] = []
    try:
        fields = with_offsets(fields)
    except InvalidInput as error:
        errors += error.errors
        wrong = {one.pointer.removeprefix("/") for one in error.errors}
        fields = {name: value for name, value in fields.items() if name not in wrong}
    try:
        new = new_event(fields, layout)
    except HoldfastError as error:
        return None, [
            *errors,
            *(error.errors or [FieldError(pointer="", code=error.code, detail=error.detail)]),
        ]
    return (None if errors else new), errors


def _entries_of_json(path: Path, content: bytes) -> list[Entry]:
    document = _decoded(path, content)
    if isinstance(document, dict):
        document = document.get("events", document.get("items", [document]))
    if not isinstance(document, list):
        raise fail(
            f"{path} is not a list of events: it must be an array of objects, or an object with one in `events`."
        )
    wrong = [at for at, fields in enumerate(document, 1) if not isinstance(fields, dict)]
    if wrong:
        raise _refused(path, [Mistake(place=f"event {at}", detail="It must be an object.") for at in wrong])
    return [Entry(place=f"event {at}", fields=fields, is_row=False) for at, fields in enumerate(document, 1)]


def _decoded(path: Path, content: bytes) -> Any:
    try:
        return decode(content.removeprefix(b"\xef\xbb\xbf"), large_arrays=True)
    except Malformed as error:
        # The API speaks of a body.
        detail = error.detail.removeprefix("The body ")
        raise fail(f"{path} {detail}" if detail != error.detail else f"{path}: {detail}") from None
    except InvalidInput as error:
        raise _refused(
            path, [Mistake(place=one.pointer, detail=one.detail) for one in error.errors]
        ) from None


def _digest(fields: Mapping[str, Any], seats: bytes) -> bytes:
    return sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode() + seats).digest()


def _refused(path: Path, mistakes: Iterable[Mistake]) -> typer.Exit:
    """Print every mistake, and return the exception that ends the command."""
    lines = [f"{path}, {mistake}" for mistake in sorted(mistakes, key=lambda one: one.order)]
    if len(lines) == 1:
        return fail(lines[0])
    typer.echo(f"holdfast: {path} has {count_of(len(lines), 'mistake')}; no event was made.", err=True)
    for line in lines[:_MAX_MISTAKES]:
        typer.echo(f"  {line}", err=True)
    if len(lines) > _MAX_MISTAKES:
        typer.echo(f"  … and {len(lines) - _MAX_MISTAKES:,} more.", err=True)
    return typer.Exit(1)


def _read(path: Path) -> bytes:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise fail(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MB: divide it.")
    return content


def _text(path: Path, content: bytes) -> str:
    """Return the text of a table. Excel's "Unicode text" is UTF-16, which its first two bytes say."""
    if content.startswith(_WORKBOOK):
        raise fail(f"{path} is a workbook or an archive: save its sheet as CSV in UTF-8.")
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise fail(f"{path} is not text in UTF-8: save it as CSV in UTF-8.") from None
    text = text.removesuffix(_END_OF_FILE)
    if "\0" in text:
        raise fail(f"{path} is not text in UTF-8: save it as CSV in UTF-8.")
    return text
