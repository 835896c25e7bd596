"""Records: what the page of an event shows beside its facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["MAX_DESCRIPTION", "Poster", "PosterImage", "Presentation"]

MAX_DESCRIPTION = 10_000
"""Characters of a description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """The picture of an event, without its bytes. `digest` is of the bytes, so its address never shows another."""

    digest: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterImage:
    """A poster as it is stored: a JPEG, and a small one for lists."""

    poster: Poster
    large: bytes
    small: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """The description of an event, as Markdown and as safe HTML, and its poster."""

    event_number: int
    description: str = ""
    html: str = ""
    """The description for a page. It has no script, no picture and no style."""
    summary: str = ""
    """The first words of the description, as plain text."""
    opening: str = ""
    """Its first sentence, as plain text, for lists."""
    poster: Poster | None = None
    changed_at: datetime | None = None
    changed_by: str | None = None
