"""Sources: the files that the house rules read."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EVERY", "PACKAGES", "ROOT", "SOURCES", "TESTS", "in_source", "name"]

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "src" / "holdfast", ROOT / "client" / "src" / "holdfast_client")
SOURCES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
EVERY = [*SOURCES, *TESTS]


def name(path: Path) -> str:
    """Return the path below the repository's root."""
    return path.relative_to(ROOT).as_posix()


def in_source(path: Path) -> str:
    """Return the path below the package of the server, or below the folder of the client's package."""
    server, client = PACKAGES
    return path.relative_to(server if path.is_relative_to(server) else client.parent).as_posix()
