"""The glossary's table of names: the new ones exist, and the old ones are gone."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "glossary.md").read_text().partition("## Names that changed")[2]
RENAMED = re.findall(r"^\| `(\w+)`(.*?) \| `(\w+)` \|$", TABLE, flags=re.MULTILINE)


@functools.cache
def classes(*folders: str) -> set[str]:
    """Return the names of all classes below these folders."""
    return {
        node.name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }


def test_the_table_is_read_completely() -> None:
    assert len(RENAMED) == len(re.findall(r"^\| `", TABLE, flags=re.MULTILINE)) > 40


@pytest.mark.parametrize("name", sorted({new for _, _, new in RENAMED}))
def test_a_new_name_is_a_class(name: str) -> None:
    assert name in classes("src", "proof/system")


def test_an_old_name_is_no_class_of_the_product() -> None:
    """A name with another meaning today has a remark, or is the new name of another row."""
    plain = {old for old, remark, _ in RENAMED if not remark}
    taken_over = {new for _, _, new in RENAMED}
    assert (plain - taken_over) & classes("src") == set()
