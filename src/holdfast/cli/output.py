"""Output: results of commands, as tables for people or as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

__all__ = ["AsJson", "fail", "print_json", "print_record", "print_table"]

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
"""The type of a command's `as_json` parameter."""


def print_json(answer: Any) -> None:
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def print_table(
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Sequence[str],
    as_json: bool = False,
    title: str | None = None,
) -> None:
    """Print one row for each item. JSON has the complete items, a table only these columns."""
    items = list(rows)
    if as_json:
        print_json(items)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = bool(items) and all(isinstance(item.get(column), int | float) for item in items)
        # Commands need complete ids and numbers as arguments, so these columns are never folded.
        is_argument = column in ("id", "number")
        table.add_column(
            column.replace("_", " "),
            justify="right" if numeric else "left",
            min_width=max((len(_shown(item.get(column))) for item in items), default=0)
            if is_argument
            else None,
            overflow="fold",
        )
    for item in items:
        # Plain text and not markup: a name may have brackets.
        table.add_row(*(Text(_shown(item.get(column))) for column in columns))
    Console().print(table)


def print_record(record: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print a record with one line for each member."""
    if as_json:
        print_json(record)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, show_edge=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for name, value in record.items():
        table.add_row(name.replace("_", " "), Text(_shown(value)))
    Console().print(table)


def fail(message: str, *, code: int = 1) -> typer.Exit:
    """Print the error in one line, and return the exception that ends the command: `raise fail(...)`."""
    typer.echo(f"holdfast: {message}", err=True)
    return typer.Exit(code)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _plain(value.replace(microsecond=0))
    if isinstance(value, list | tuple):
        return ", ".join(_shown(one) for one in value)
    return str(value)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
