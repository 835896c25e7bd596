"""Requirement: one demand of an RFC on a server, and what holds it here."""

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
    """It is done, and these tests fail where it is not."""
    return Requirement(section=section, level=level, text=text, tests=tests)


def absent(section: str, level: Level, text: str, reason: str) -> Requirement:
    """It does not apply: the server has nothing that it could be about."""
    return Requirement(section=section, level=level, text=text, not_applicable=reason)


def differs(section: str, level: Level, text: str, reason: str) -> Requirement:
    """It applies, and the server knowingly does something else."""
    return Requirement(section=section, level=level, text=text, difference=reason)
