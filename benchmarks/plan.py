"""Plan: the parts of a run in order. Each is a program that runs alone and writes one result."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLANS", "Part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`python -m MODULE ARGUMENTS --out FOLDER`, which is ended after `limit_seconds`."""

    name: str
    module: str
    arguments: tuple[str, ...]
    limit_seconds: float

    @property
    def shown_command(self) -> str:
        """Return the command with which a person repeats the part, from the root of the repository."""
        return " ".join((".venv/bin/python -m", self.module, *self.arguments, "--out FOLDER"))


def _part(name: str, module: str, limit_seconds: float, **options: object) -> Part:
    arguments = tuple(
        text for key, value in options.items() for text in (f"--{key.replace('_', '-')}", str(value))
    )
    return Part(name=name, module=f"benchmarks.{module}", arguments=arguments, limit_seconds=limit_seconds)


FULL = (
    _part("store", "store", 120, rounds=7, seconds=1.5),
    _part("floors", "floors", 300, rounds=5, seconds=2),
    _part("over-http", "over_http", 1500, rounds=5, seconds=2),
    _part("over-http-2-workers", "over_http", 900, rounds=5, seconds=2, workers=2),
    _part("latency", "latency", 400, rounds=5, seconds=5),
    _part("steady", "steady", 300, rounds=5, seconds=8),
    _part("growth", "growth", 1200, rounds=5, seconds=1.5),
    _part("watchers", "watchers", 900, rounds=5, seconds=5),
    _part("overload", "overload", 400, rounds=5, seconds=10),
)
"""Max an hour."""

SHORT = (
    _part("store", "store", 60, rounds=5, seconds=0.7),
    _part("floors", "floors", 90, rounds=5, seconds=0.7),
    _part("over-http", "over_http", 300, rounds=5, seconds=1, levels="256", many=1_000),
    _part("over-http-2-workers", "over_http", 200, rounds=5, seconds=1, levels="256", workers=2, many=100),
    _part("latency", "latency", 150, rounds=5, seconds=1.5),
    _part("steady", "steady", 60, rounds=2, seconds=3),
    _part("growth", "growth", 200, rounds=5, seconds=0.5, most=100_000),
    _part("watchers", "watchers", 150, rounds=2, seconds=2, levels="10,1000"),
    _part("overload", "overload", 120, rounds=2, seconds=4),
)
"""Max ten minutes: few levels, little ballast. The page says what it leaves out."""

PLANS = {"full": FULL, "short": SHORT}
