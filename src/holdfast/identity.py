"""Identity: the normal form of a name that stands for a person, so that another spelling is not another person.

Names are kept and shown as they were given. They are compared and counted in this form: by `max_per_buyer`, by a
dialect's user ids, and by the e-mail addresses of accounts. Equal are:

- upper and lower case, by Unicode's case folding (`ß` and `SS`)
- compatible forms of a character, by NFKC: full width, ligatures, composed and decomposed letters
- any amount of white space, of any kind, between words; none at the ends
- texts with and without characters that show nothing

Not equal are letters that only look alike, such as the Latin and the Cyrillic `a`: real names hold both.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["identity_of", "is_email"]

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)
"""What Unicode says to ignore beside the categories below: fillers, variation selectors, tags; and the blank of
Braille. The table is here, so that every version of Python returns the same answer."""
_INVISIBLE_CATEGORIES = frozenset({"Cf", "Cc"})


def identity_of(text: str) -> str:
    """Return the normal form. It is its own normal form, and empty if the text shows nothing."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    return _folded(text)


@lru_cache(maxsize=4_096)
def _folded(text: str) -> str:
    before = ""
    while (
        text != before
    ):  # each step can leave work for another: a second round nearly always changes nothing
        before = text
        text = unicodedata.normalize("NFKC", text.casefold())
        text = "".join(map(_visible, _INVISIBLE.sub("", text)))
    return " ".join(text.split())


def _visible(character: str) -> str:
    if character.isspace() or unicodedata.category(character) not in _INVISIBLE_CATEGORIES:
        return character
    return ""


def is_email(text: str) -> bool:
    """Return whether the text has the form of an address. Only a mail shows whether it arrives."""
    return _EMAIL.fullmatch(text) is not None
