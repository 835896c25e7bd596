"""Output: results of commands, as tables for people, and as JSON, CSV or tab-separated lines for programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer

from holdfast.cli._tables import Column, csv_of, plain, tab_separated, table_lines, text_of

__all__ = ["AsCsv", "AsJson", "Column", "count_of", "fail", "print_json", "print_record", "print_table"]

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
"""The type of a command's `as_json` parameter."""

AsCsv = Annotated[bool, typer.Option("--csv", help="Answer in CSV, with every column.")]
"""The type of a command's `as_csv` parameter."""

_MIN_WIDTH = 20


def print_json(answer: Any) -> None:
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=2, default=plain)
    sys.stdout.write("\n")


def print_table(
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Sequence[Column],
    none: str = "",
    as_json: bool = False,
    as_csv: bool = False,
) -> None:
    """Print one row for each item. `none` says in words that there is no row.

    A terminal shows as many columns as fit. A pipe gets tab-separated lines with all columns, JSON the complete items.
    """
    if as_json and as_csv:
        raise fail("--json and --csv exclude each other.", code=2)
    items = list(rows)
    if as_json:
        print_json(items)
        return
    if none and not items:
        typer.echo(none, err=not sys.stdout.isatty())
    if as_csv:
        sys.stdout.write(csv_of(items, columns))
    elif not items:
        return
    elif not sys.stdout.isatty():
        sys.stdout.write(tab_separated(items, columns))
    else:
        lines, left_out = table_lines(items, columns, width=_width())
        typer.echo("\n".join([_bold(lines[0]), *lines[1:]]))
        if left_out:
            typer.echo(f"Not shown: {', '.join(left_out)}. A wider terminal or --csv shows all.", err=True)


def print_record(record: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print a record with one line for each member."""
    if as_json:
        print_json(record)
        return
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{name}\t{text_of(value)}\n" for name, value in record.items())
        return
    indent = max(map(len, record), default=0) + 2
    for name, value in record.items():
        # Only blanks divide lines, so that no number, time or id is broken.
        lines = textwrap.wrap(
            text_of(value, brief=True),
            max(_MIN_WIDTH, _width() - indent),
            break_long_words=False,
            break_on_hyphens=False,
        )
        title = name.replace("_", " ")
        text = f"\n{' ' * indent}".join(lines)
        typer.echo(f"{_bold(title)}{' ' * (indent - len(title))}{text}".rstrip())


def count_of(number: int, one: str, several: str | None = None) -> str:
    """Return `1 event` or `2 events`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def fail(message: str, *, code: int = 1) -> typer.Exit:
    """Print the error in one line, and return the exception that ends the command: `raise fail(...)`."""
    typer.echo(f"holdfast: {message}", err=True)
    return typer.Exit(code)


def _width() -> int:
    return shutil.get_terminal_size().columns


def _bold(text: str) -> str:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return typer.style(text, bold=True)
