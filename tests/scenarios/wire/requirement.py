"""Requirement: one requirement of an RFC for a server, and how this server meets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Level", "Requirement", "absent", "differs", "held"]

Level = Literal["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Exactly one of `tests`, `not_applicable` and `difference` is given.

    A test is `file.py::name` in tests/scenarios/wire, or has the path of its file from the root of the repository.
    """

    section: str
    level: Level
    text: str
    tests: tuple[str, ...] = ()
    not_applicable: str = ""
    difference: str = ""


def held(section: str, level: Level, text: str, *tests: str) -> Requirement:
    """Return a requirement that the server meets. These tests prove it."""
    return Requirement(section=section, level=level, text=text, tests=tests)


def absent(section: str, level: Level, text: str, reason: str) -> Requirement:
    """Return a requirement that does not apply, because the server lacks the feature."""
    return Requirement(section=section, level=level, text=text, not_applicable=reason)


def differs(section: str, level: Level, text: str, reason: str) -> Requirement:
    """Return a requirement that the server does not meet, on purpose."""
    return Requirement(section=section, level=level, text=text, difference=reason)
