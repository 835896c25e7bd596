"""Sources: the files that the house rules read."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EVERY", "ROOT", "SOURCES", "TESTS", "in_source", "name"]

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
EVERY = [*SOURCES, *TESTS]


def name(path: Path) -> str:
    """Return the path below the repository's root."""
    return path.relative_to(ROOT).as_posix()


def in_source(path: Path) -> str:
    """Return the path below the package."""
    return path.relative_to(ROOT / "src" / "holdfast").as_posix()
