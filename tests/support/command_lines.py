"""Command lines of `holdfast`, checked against the CLI without running them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import typer

from holdfast.cli.main import app


def check_command_line(line: str | list[str]) -> None:
    """Check that `holdfast db upgrade …` names a command, with options and arguments that it accepts.

    Raises AssertionError with the text of the CLI.
    """
    words = shlex.split(line) if isinstance(line, str) else line
    assert words[0].rsplit("/", 1)[-1] == "holdfast", words
    command: Any = typer.main.get_command(app)
    context = command.make_context("holdfast", [], resilient_parsing=True)
    rest = words[1:]
    while hasattr(command, "get_command"):
        assert rest, f"{line}: a command is missing"
        name, rest = rest[0], rest[1:]
        found = command.get_command(context, name)
        assert found is not None, f"{line}: there is no command {name}"
        command = found
        if hasattr(command, "get_command"):
            context = command.make_context(name, [], parent=context, resilient_parsing=True)
    try:
        command.make_context(command.name, list(rest), parent=context)
    except typer.TyperException as error:
        raise AssertionError(f"{line}: {error.format_message()}") from None


def all_commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name: `db upgrade`."""
    root: Any = typer.main.get_command(app)
    context = root.make_context("holdfast", [], resilient_parsing=True)
    waiting = [("", root, context)]
    while waiting:
        prefix, group, its_context = waiting.pop()
        for name in group.list_commands(its_context):
            command = group.get_command(its_context, name)
            if hasattr(command, "get_command"):
                inner = command.make_context(name, [], parent=its_context, resilient_parsing=True)
                waiting.append((f"{prefix}{name} ", command, inner))
            else:
                yield f"{prefix}{name}", command
