"""Values: options that are read as strictly as a body of the API."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from holdfast.cli.output import fail

__all__ = ["Metadata", "metadata_of", "whole_number"]

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")

Metadata = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="Your own text under a key. Repeat it for several keys."),
]


def whole_number(text: str | int) -> int:
    """Return a number of an option. `int()` also reads 1_000, other alphabets and blanks. Raises BadParameter."""
    if isinstance(text, str) and not _WHOLE_NUMBER.fullmatch(text):
        raise typer.BadParameter(f"{text[:80]!r} is not a whole number.")
    return int(text)


def metadata_of(given: list[str] | None) -> dict[str, str] | None:
    """Return the metadata of the options. Raises typer.Exit for one without `=`, and for a repeated key."""
    found: dict[str, str] = {}
    for text in given or ():
        key, separator, value = text.partition("=")
        if not separator or key in found:
            what = "is given twice" if separator else "has no ="
            raise fail(f"--metadata is KEY=VALUE; {text[:80]!r} {what}.", code=2)
        found[key] = value
    return found or None
