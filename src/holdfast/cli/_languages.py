"""Languages of commands: which one a person who gets a document or a mail reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.output import fail

if TYPE_CHECKING:
    from holdfast.languages import Language

__all__ = ["InLanguage", "language_of"]

InLanguage = Annotated[
    str | None, typer.Option("--language", help="A language of the server, such as de. Default: its own.")
]


def language_of(code: str | None) -> Language:
    """Return the language of an option, or else the server's own. Ends the command for one that it does not speak."""
    from holdfast.app.settings import load_settings
    from holdfast.cli._database import plain_errors
    from holdfast.languages import LANGUAGES, known_language

    if code is None:
        with plain_errors():
            return known_language(load_settings().language)
    if code not in LANGUAGES:
        raise fail(f"--language must be one of {', '.join(LANGUAGES)}; it is {code[:40]!r}.")
    return LANGUAGES[code]
