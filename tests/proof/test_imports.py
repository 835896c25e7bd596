"""The proof imports only the SDK, and nothing of the server, so that it cannot share the product's mistakes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "proof").rglob("*.py"))
ALLOWED = {"proof/nemesis/upgrades.py": "holdfast"}
"""The upgrade copies the server's package. It needs the folder, and calls nothing in it."""


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name for name in found if name.split(".")[0] == "holdfast"}


def test_proof_files_are_found() -> None:
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_proof_imports_nothing_of_the_server(path: Path) -> None:
    assert imported(ast.parse(path.read_text())) - {ALLOWED.get(path.relative_to(ROOT).as_posix())} == set()
