"""Usage: what is wrong with a command line, in our own words."""

from __future__ import annotations

from typing import Any

import typer

from holdfast.errors.fields import FIELD
from holdfast.errors.models import text_of_model_error

__all__ = ["usage_text"]


def usage_text(error: typer.TyperException) -> str:
    """Return the text of a wrong command line, in one line. Empty: the command's help was printed."""
    from pydantic import ValidationError  # only a wrong command line needs it

    cause = error.__cause__
    if isinstance(cause, ValidationError):
        text = _text_of_value(cause.errors()[0], _option_of(error))
    else:
        text = " ".join(error.format_message().split())  # lists of choices have several lines
        text = text.replace("?.", "?")
    return text if not text or text.endswith((".", "?")) else f"{text}."


def _text_of_value(found: Any, option: str) -> str:
    given = repr(str(found["input"])[:80])
    if found["type"] == "value_error":
        return f"{option}: " + str(found["msg"]).removeprefix("Value error, ")
    text = text_of_model_error(
        found["type"], found.get("ctx", {}), found=given, length=len(str(found["input"]))
    )
    return text.replace(FIELD, option)


def _option_of(error: typer.TyperException) -> str:
    """Return the option or the argument as the command's help names it."""
    param = getattr(error, "param", None)
    if param is None:
        return "The value"
    hint: str = param.get_error_hint()
    return hint.replace("'", "")
