"""Labels: the canonical form of a seat's address, and the rules of names that people give to things."""

from __future__ import annotations

import re
import unicodedata

from holdfast.errors import FieldError, InvalidInput

MAX_LABEL_LENGTH = 32
MAX_NAME_LENGTH = 200

_LABEL = re.compile(r"[A-Z0-9][A-Z0-9 .-]{0,31}")
_CANONICAL = re.compile(r"[A-Z0-9][A-Z0-9.-]*(?: [A-Z0-9.-]+)*")
_WHITE_SPACE = re.compile(r"[ \t]+")
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs"})


def normalise_label(text: object, *, pointer: str = "") -> str:
    """The one spelling of a seat label: trimmed, inner white space folded, upper-cased, and ASCII only.

    White space is the space and the tab: a line break or any other control character is refused, not trimmed.
    Raises InvalidInput, naming the place by its pointer.
    """
    if isinstance(text, str):
        if len(text) <= MAX_LABEL_LENGTH and _CANONICAL.fullmatch(text):
            return text  # as we told it; nearly all are
        # Before upper(): it would turn a dotless i or a long s into an honest I or S.
        if text.isascii() and len(text) <= 4 * MAX_NAME_LENGTH:
            label = _WHITE_SPACE.sub(" ", text).strip(" ").upper()
            if _LABEL.fullmatch(label):
                return label
        detail = FieldError.LABEL
    else:
        detail = FieldError.LABEL_TYPE
    raise InvalidInput.in_field(pointer, "invalid_label", detail)


def normalise_name(text: object, *, pointer: str = "", limit: int = MAX_NAME_LENGTH) -> str:
    """Free text as people write it, in Unicode form C: not blank, and at most `limit` code points.

    Nothing invisible may reorder or break it: no controls, surrogates, noncharacters, or overrides of the
    writing direction. Code points that this Python does not know yet are allowed: a name that a newer Unicode
    can write is a name, and every version of Python must answer alike.

    Raises InvalidInput, naming the place by its pointer.
    """
    problem = find_problem_of_text(text, limit=limit)
    if problem is None:
        assert isinstance(text, str)
        name = unicodedata.normalize("NFC", text)
        if name.strip():
            # A few characters have no composed form and grow: the limit holds for what is stored.
            problem = find_problem_of_text(name, limit=limit)
            if problem is None:
                return name
        else:
            problem = FieldError.BLANK
    raise InvalidInput.in_field(pointer, "invalid_text", problem)


def find_problem_of_text(text: object, *, limit: int = MAX_NAME_LENGTH) -> str | None:
    """Why this cannot be kept as text exactly as given, or None if it can."""
    if not isinstance(text, str):
        return FieldError.NOT_STRING
    # NFC at most thirds a text; anything longer is not worth normalising to find that out.
    if len(text) > 3 * limit or (len(text) > limit and len(unicodedata.normalize("NFC", text)) > limit):
        return f"It is longer than {limit} characters."
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        if (
            character in _BIDI_CONTROLS
            or unicodedata.category(character) in _REFUSED_CATEGORIES
            or _is_noncharacter(ord(character))
        ):
            return f"It contains a character that is not allowed (U+{ord(character):04X})."
    return None


def _is_noncharacter(code: int) -> bool:
    """The 66 code points that Unicode promises never to assign."""
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
