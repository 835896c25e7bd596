"""Areas: the short form `hall=800; garden=200` of options and tables."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["parse_areas"]

_AREA = re.compile(r"[ \t]*([^=;]*[^=; \t])[ \t]*=[ \t]*([0-9]{1,12})[ \t]*")
"""A name, which has no `=` and no `;`, and a capacity in digits."""


def parse_areas(text: str, *, single: bool = False) -> list[dict[str, Any]]:
    """Return the areas of `NAME=CAPACITY`, divided by `;`. `single` allows only one.

    An area of another name, or with a category, needs JSON. Raises ValueError with the text of the mistake.
    """
    parts = [text] if single else text.removesuffix(";").split(";")
    found = [_AREA.fullmatch(part) for part in parts]
    for part, form in zip(parts, found, strict=True):
        if form is None:
            example = "NAME=CAPACITY, for example hall=800" if single else "written hall=800; garden=200"
            what = "An area is" if single else "Areas are"
            raise ValueError(f"{what} {example}; {part.strip()[:80]!r} is not.")
    return [{"name": form[1], "capacity": int(form[2])} for form in found if form is not None]
