"""Labels: the canonical form of a seat's address, and the rules for names."""

from __future__ import annotations

import re
import unicodedata

from holdfast.errors import FieldError, InvalidInput
from holdfast.identity import identity_of

MAX_LABEL_LENGTH = 32
MAX_NAME_LENGTH = 200

_LABEL = re.compile(r"[A-Z0-9][A-Z0-9 .-]{0,31}")
_CANONICAL = re.compile(r"[A-Z0-9][A-Z0-9.-]*(?: [A-Z0-9.-]+)*")
_WHITE_SPACE = re.compile(r"[ \t]+")
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs"})


def normalise_label(text: object, *, pointer: str = "") -> str:
    """Return the canonical spelling of a seat label: trimmed, white space folded, upper-cased, ASCII only.

    White space is the space and the tab. A line break or another control character is refused, not trimmed.
    Raises InvalidInput with the pointer of the field.
    """
    if isinstance(text, str):
        if len(text) <= MAX_LABEL_LENGTH and _CANONICAL.fullmatch(text):
            return text  # nearly all labels are canonical already
        # Check before upper(), which turns a dotless i or a long s into a plain I or S.
        if text.isascii() and len(text) <= 4 * MAX_NAME_LENGTH:
            label = _WHITE_SPACE.sub(" ", text).strip(" ").upper()
            if _LABEL.fullmatch(label):
                return label
        detail = FieldError.LABEL
    else:
        detail = FieldError.LABEL_TYPE
    raise InvalidInput.in_field(pointer, "invalid_label", detail)


def normalise_name(text: object, *, pointer: str = "", limit: int = MAX_NAME_LENGTH) -> str:
    """Return free text in Unicode form C: not blank, and with max `limit` code points.

    No invisible character may reorder or break it: controls, surrogates, noncharacters and overrides of the
    writing direction are refused. Code points that are unknown to this Python are allowed, because newer
    versions of Unicode assign them and every version of Python must return the same answer.

    Raises InvalidInput with the pointer of the field.
    """
    problem = find_problem_of_text(text, limit=limit)
    if problem is None:
        assert isinstance(text, str)
        name = unicodedata.normalize("NFC", text)
        if identity_of(name):  # fillers and joiners alone show nothing, as blanks do
            # A few characters have no composed form and grow. The limit holds for the stored text.
            problem = find_problem_of_text(name, limit=limit)
            if problem is None:
                return name
        else:
            problem = FieldError.BLANK
    raise InvalidInput.in_field(pointer, "invalid_text", problem)


def find_problem_of_text(text: object, *, limit: int = MAX_NAME_LENGTH) -> str | None:
    """Return why this cannot be stored as text exactly as given, or None if it can."""
    if not isinstance(text, str):
        return FieldError.NOT_STRING
    # NFC shrinks a text to a third at best. Longer texts are refused without the work of normalising them.
    if len(text) > 3 * limit or (len(text) > limit and len(unicodedata.normalize("NFC", text)) > limit):
        return FieldError.TOO_LONG.replace("{limit}", str(limit)).replace("{length}", str(len(text)))
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        if (
            character in _BIDI_CONTROLS
            or unicodedata.category(character) in _REFUSED_CATEGORIES
            or _is_noncharacter(ord(character))
        ):
            return FieldError.NOT_ALLOWED_CHARACTER.replace("{code}", f"{ord(character):04X}")
    return None


def _is_noncharacter(code: int) -> bool:
    """Return whether Unicode promises never to assign this code point. There are 66 of them."""
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
