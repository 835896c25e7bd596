"""Samples: seat maps of invented houses to try Holdfast with, in a form that the API accepts.

Three are of real size and oddity: files that `make.py` writes. The theatre is small, for tests.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from .theatre import theatre

__all__ = ["arena", "beer_hall", "horseshoe", "theatre"]


def arena() -> dict[str, Any]:
    """Return an arena in the round: 12,000 admissions, of which 2,000 stand on the floor."""
    return _read("arena")


def horseshoe() -> dict[str, Any]:
    """Return a theatre of 1,200 seats in stalls, boxes and three horseshoes."""
    return _read("horseshoe")


def beer_hall() -> dict[str, Any]:
    """Return a hall of long tables, round tables and booths, and a bar to stand at."""
    return _read("beer_hall")


def _read(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    plan: dict[str, Any] = json.loads(text)
    return plan
