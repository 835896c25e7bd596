"""Transliteration: the plain letters that a label has for other letters and signs."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_LATIN = _pairs("ß SS æ AE œ OE ø O đ D ð D þ TH ł L ħ H ı I ŋ N")
_CYRILLIC = {"ъ": "", "ь": ""} | _pairs(
    "а A б B в V г G д D е E ё E ж ZH з Z и I й Y к K л L м M н N о O п P р R с S т T у U ф F х KH ц TS ч CH "
    "ш SH щ SHCH ы Y э E ю YU я YA і I ї YI є YE ґ G ў U ј J љ LJ њ NJ ћ C ђ D џ DZ ѓ G ќ K ѕ DZ"
)
_GREEK = _pairs(
    "α A β B γ G δ D ε E ζ Z η I θ TH ι I κ K λ L μ M ν N ξ X ο O π P ρ R σ S ς S τ T υ Y φ F χ CH ψ PS ω O"
)
_LETTERS = _LATIN | _CYRILLIC | _GREEK
_NOT_IN_A_PART = re.compile(r"[^A-Z0-9]+")


@lru_cache(maxsize=4096)
def transliterate(text: str) -> str | None:
    """Return a part of a label: A-Z, digits, single dots between them; None if a letter or digit has no such
    form.

    Accents are dropped; Cyrillic and Greek are spelled. Signs and white space become dots, because hyphens
    divide parts.
    """
    spelled: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        lower = character.lower()
        found = _LETTERS.get(lower)
        if found is None:
            found = _plain(character)
        if found is None:
            return None
        spelled.append(found)
    return _NOT_IN_A_PART.sub(".", "".join(spelled).upper()).strip(".")


def _plain(character: str) -> str | None:
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    kind = unicodedata.category(character)
    if kind[0] == "M" or kind == "Cf":
        return ""  # an accent without a composed form, or an invisible joiner
    if kind[0] not in "LN":
        return " "
    bases = unicodedata.normalize("NFKD", character)
    spelled = (
        [" "] if kind == "No" and len(bases) > 1 else []
    )  # a half stands apart from the number before it
    for base in bases:
        if base.isascii() or unicodedata.category(base)[0] not in "LN":
            spelled.append(base if base.isascii() else "" if unicodedata.combining(base) else " ")
        elif (found := _LETTERS.get(base.lower())) is not None:
            spelled.append(found)
        else:
            return None
    return "".join(spelled)
