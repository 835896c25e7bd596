"""Run: the results of the parts of one run, its machine and sources, and the words for the measured cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import CASES, KEYED_CASES
from benchmarks.result import Result, Row

__all__ = ["Run", "name_of", "values_of"]

_OF = {case.name: case.says for case in (*CASES, *KEYED_CASES)} | {
    "echo of holds": "bare ASGI echo of a hold",
    "echo of seats": "bare ASGI echo of a named-seat hold",
    "echo of best": "bare ASGI echo of a best-available hold",
    "echo of browsers": "bare ASGI echo of a hold, for 200 browsers",
    "echo of reads": "bare ASGI echo of an availability read",
    "echo on Holdfast's protocol": "the echo of a hold on Holdfast's own connection protocol",
    "for_update": "`SELECT … FOR UPDATE` (SQLAlchemy)",
    "conditional_update": "conditional `UPDATE` (asyncpg)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    plan: str
    commit: str
    is_clean: bool
    made_at: str
    seconds: float
    machine: Mapping[str, Any]
    results: Mapping[str, Result]
    """Results by part, without those that were not measured."""
    commands: Mapping[str, str]

    def rows(self, *parts: str, of: Sequence[str] | None = None, **at: int | str) -> list[Row]:
        """Return rows of these parts with these names, in situations that match this one."""
        return [
            row
            for part in parts
            if part in self.results
            for row in self.results[part].rows
            if (of is None or row.of in of) and all(row.at.get(key) == value for key, value in at.items())
        ]


def values_of(rows: Sequence[Row], key: str) -> list[int]:
    """Return all values of one part of the situation."""
    return sorted({int(row.at[key]) for row in rows})


def name_of(thing: str) -> str:
    return _OF.get(thing, thing.replace("_", " "))
