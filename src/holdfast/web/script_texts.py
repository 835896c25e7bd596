"""Script texts: what the scripts say, in another language. A page carries them; English is in the scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from babel import Locale

from holdfast.errors import (
    CredentialsRequired,
    DuplicateEmail,
    InvalidInput,
    LinkNotValid,
    SecondFactorRequired,
    TooManyRequests,
    Unavailable,
)
from holdfast.languages import ENGLISH, Language, translations_of
from holdfast.web.static_files import scripts_of

__all__ = ["messages_of_scripts", "script_texts"]

_STRING = r'"(?:[^"\\]|\\.)*"'
_ONE = re.compile(rf"\bt\(\s*({_STRING})")
_MANY = re.compile(rf"\bn\(\s*({_STRING}),\s*({_STRING})")
_SAMPLES = range(201)
"""Numbers among which there is one of each plural form of any language."""

_REFUSALS = (
    CredentialsRequired.title,
    CredentialsRequired.SIGN_IN_WRONG,
    DuplicateEmail.title,
    DuplicateEmail.detail,
    InvalidInput.title,
    LinkNotValid.title,
    LinkNotValid.detail,
    LinkNotValid.OTHER_BROWSER,
    SecondFactorRequired.title,
    SecondFactorRequired.detail,
    SecondFactorRequired.WRONG,
    TooManyRequests.title,
    TooManyRequests.detail,
    TooManyRequests.OF_GUESTS,
    Unavailable.title,
)
"""What the API answers to `link.js`, which shows it."""

Message = tuple[str, str | None]
Text = str | dict[str, str]


def messages_of_scripts() -> Iterator[Message]:
    """Yield each text of the scripts, and its plural or None."""
    names = sorted(each.name for each in (files("holdfast.web") / "static").iterdir())
    for name in names:
        if PurePath(name).suffix == ".js":
            yield from _messages_of(name)


@cache
def script_texts(language: Language, script: str) -> dict[str, Text]:
    """Return the texts of a script, and of those that it imports, by the English ones.

    A text for a number of things has a form for each of the language's kinds of numbers, as CLDR names them.
    """
    if language == ENGLISH:
        return {}
    known = translations_of(language)
    kinds = _kinds_of(language)
    found: dict[str, Text] = {}
    for name in scripts_of(script):
        for one, many in _messages_of(name):
            found[one] = (
                str(known.gettext(one))
                if many is None
                else {kind: str(known.ngettext(one, many, count)) for kind, count in kinds.items()}
            )
    return found


def _kinds_of(language: Language) -> dict[str, int]:
    """Return a number of each kind."""
    kind_of = Locale.parse(language.locale).plural_form
    return {kind_of(count): count for count in reversed(_SAMPLES)}


@cache
def _messages_of(script: str) -> list[Message]:
    source = (files("holdfast.web") / "static" / script).read_text(encoding="utf-8")
    answered = _REFUSALS if script == "link.js" else ()
    return [
        *((json.loads(text), None) for text in _ONE.findall(source)),
        *((json.loads(one), json.loads(many)) for one, many in _MANY.findall(source)),
        *((text, None) for text in answered),
    ]
