"""Presentations: what the page of an event shows beside its facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Poster", "Presentation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """The picture of an event, a JPEG. The paths are from the server's root, and each may be kept for ever."""

    path: str
    small_path: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """The description of an event in Markdown, as the page shows it, and its first words; and its poster."""

    event_number: int
    description: str = ""
    html: str = ""
    summary: str = ""
    poster: Poster | None = None
    changed_at: datetime | None = None
