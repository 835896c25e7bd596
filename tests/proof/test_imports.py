"""The proof imports only the SDK of the product, so that it cannot share the product's mistakes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "proof").rglob("*.py"))


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "holdfast":
            found |= {f"holdfast.{each.name}" for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name for name in found if name.split(".")[0] == "holdfast"}


def test_proof_files_are_found() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_proof_imports_only_the_client_of_the_product(path: Path) -> None:
    assert {
        name
        for name in imported(ast.parse(path.read_text()))
        if name.split(".")[:2] != ["holdfast", "client"]
    } == set()


def test_the_wheel_does_not_carry_the_proof() -> None:
    """hatch packs `src/holdfast`, which it finds by the project's name; nothing names another folder."""
    text = (ROOT / "pyproject.toml").read_text()
    assert "[tool.hatch.build" not in text
    assert (ROOT / "src" / "holdfast" / "__init__.py").exists()
