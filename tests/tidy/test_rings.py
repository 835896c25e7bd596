"""Imports have no rings: no module of `src` imports itself through others, not even for types."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imports(source: str, package: str, known: set[str]) -> Iterator[str]:
    """Return the modules of `known` that a text imports, also late or under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name in known)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            for one in node.names:
                inside = f"{base}.{one.name}"
                yield inside if inside in known else base


def graph(folder: Path, package: str) -> dict[str, set[str]]:
    modules: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.py")):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    known = set(modules)
    return {
        name: (
            set(
                imports(path.read_text(), name if path.stem == "__init__" else name.rpartition(".")[0], known)
            )
            & known
        )
        - {name}
        for name, path in modules.items()
    }


def rings(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return groups of modules that import each other."""
    reached = {name: _reachable(edges, name) for name in edges}
    groups = {
        frozenset({name, *(one for one in reached[name] if name in reached[one])})
        for name in edges
        if name in reached[name]
    }
    return sorted(sorted(group) for group in groups)


def _reachable(edges: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for one in edges[waiting.pop()] - found:
            found.add(one)
            waiting.append(one)
    return found


@pytest.mark.parametrize("folder", ["src/holdfast", "client/src/holdfast_client", "proof"])
def test_no_module_imports_itself_through_others(folder: str) -> None:
    assert rings(graph(ROOT / folder, Path(folder).name)) == []


def test_a_ring_is_found() -> None:
    assert rings({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert rings({"a": {"b"}, "b": set()}) == []
