"""Languages: the texts that people read, in each language that the server speaks.

English is the language of the sources. Another language is a catalogue in `translations/`. A text that it lacks stays
English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "Language",
    "gettext",
    "known_language",
    "mark",
    "speaking",
    "speaking_to",
    "spoken_language",
    "translations_of",
]


_VALUE = re.compile(r"%\(\w+\)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language of the server. `locale` decides how dates and numbers are written."""

    code: str
    name: str
    locale: str
    direction: str = "ltr"
    long_date: str = "full"
    """A day with its weekday, month and year: the name of a format, or a pattern."""

    def gettext(self, text: str, /, **values: object) -> str:
        """Return a text in this language. `%(name)s` in it is the value of that name."""
        found = self.template(text)
        return found % values if values else found

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Return the text for a number of things. `%(count)s` in it is the number."""
        return self.template_of_many(one, many, count) % ({"count": self.number(count)} | values)

    def template(self, text: str) -> str:
        """Return a text without its values."""
        return self._isolated(translations_of(self).gettext(text))

    def template_of_many(self, one: str, many: str, count: int) -> str:
        """Return the text for a number of things without its values."""
        return self._isolated(translations_of(self).ngettext(one, many, count))

    def _isolated(self, text: str) -> str:
        """Return a text in which a value, such as a name or a code, cannot disturb the order of the words around it."""
        return text if self.direction == "ltr" else _VALUE.sub("\u2068\\g<0>\u2069", text)

    def day(self, at: datetime) -> str:
        """Return "Saturday 12 December 2026"."""
        return format_date(at, self.long_date, locale=self.locale)

    def clock(self, at: datetime) -> str:
        return format_datetime(at, "HH:mm", locale=self.locale, tzinfo=at.tzinfo)

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)


ENGLISH = Language(code="en", name="English", locale="en_GB", long_date="EEEE d MMMM y")

LANGUAGES: dict[str, Language] = {
    "en": ENGLISH,
    "de": Language(code="de", name="Deutsch", locale="de_DE"),
}


_spoken: ContextVar[Language | None] = ContextVar("language", default=None)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Write what this task writes to a person in a language, until the block ends."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


@contextmanager
def speaking_to(code: str | None) -> Iterator[None]:
    """Write to a person in the language that they keep, until the block ends; without one, as before."""
    if code is None or code not in LANGUAGES:
        yield
        return
    with speaking(LANGUAGES[code]):
        yield


def spoken_language() -> Language | None:
    """Return the language of the page or the letters that are being written; None if nobody has chosen one."""
    return _spoken.get()


def known_language(*codes: str | None) -> Language:
    """Return the language of the first code, such as "de", that the server speaks; English for none."""
    return next((LANGUAGES[code] for code in codes if code is not None and code in LANGUAGES), ENGLISH)


def gettext(text: str, /, **values: object) -> str:
    """Return a text in the language that is being written. `%(name)s` in it is the value of that name."""
    return (_spoken.get() or ENGLISH).gettext(text, **values)


def mark(text: str) -> str:
    """Return the text. It marks one that is translated later, where it is shown."""
    return text


@cache
def translations_of(language: Language) -> NullTranslations:
    """Return the texts of a language."""
    file = files("holdfast") / "translations" / f"{language.code}.po"
    if not file.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language.code))
    compiled.seek(0)
    return Translations(compiled)
