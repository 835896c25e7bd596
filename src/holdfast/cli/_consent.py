"""Consent: a question before a command does what nobody can undo."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from holdfast.cli.output import fail

__all__ = ["Yes", "ask", "is_asked"]

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
"""The type of a command's `yes` parameter."""


def ask(question: str, *, yes: bool) -> None:
    """Return if the person agrees. Without a terminal, only --yes agrees. Otherwise raises typer.Exit."""
    if yes:
        return
    if not is_asked():
        raise fail(f"{question} Without a terminal, only --yes agrees.", code=2)
    if not typer.confirm(question, err=True):
        raise fail("Nothing was changed.")


def is_asked() -> bool:
    """Whether a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()
