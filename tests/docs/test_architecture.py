"""The map: every file that ARCHITECTURE.md names for a task exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text()
TASKS = MAP[MAP.index("## Common tasks") :]


def paths(text: str) -> list[str]:
    """Return the names in backticks that have a slash or one of our file extensions."""
    named = re.findall(r"`([\w./-]+)`", text)
    return [one for one in named if "/" in one or one.endswith((".py", ".sql", ".md"))]


@pytest.mark.parametrize("path", sorted(set(paths(TASKS))))
def test_a_file_named_for_a_task_exists(path: str) -> None:
    top, _, _ = path.partition("/")
    root = ROOT if top in {"client", "docs", "tests", "deploy", "src"} else ROOT / "src" / "holdfast"
    assert (root / path).exists()


@pytest.mark.parametrize("path", sorted({one for one in paths(MAP) if one.endswith((".py", ".sql"))}))
def test_a_module_named_on_the_map_exists(path: str) -> None:
    assert any((root / path).exists() for root in (ROOT, ROOT / "src" / "holdfast"))


def test_the_map_names_tasks() -> None:
    assert len(re.findall(r"^\| ", TASKS, flags=re.MULTILINE)) > 8
