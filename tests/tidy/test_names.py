"""Names: one class a name, plain constants, and modules named by nouns."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tidy.sources import ROOT, SOURCES, in_source, name

SHARED = {
    "Request": "the API's own adds the inventory to the request of the http floor",
}
"""Public classes of the server that may share their name, and why."""

IN_ING = {
    "api/dialects/seating.py": "the seating of a show",
    "api/dialects/ticketing.py": "the name of a dialect",
    "api/v1/paging.py": "pages of a list",
    "app/logging.py": "the craft's own noun",
    "holdfast_client/blocking.py": "the blocking client",
    "holdfast_client/reading.py": "from JSON to models",
    "holdfast_client/retrying.py": "the loop of retries",
    "holdfast_client/streaming.py": "the client's side of a stream",
    "holdfast_client/waiting.py": "the client that awaits",
    "cli/booking.py": "a noun of the trade",
    "http/decoding.py": "from bytes to values",
    "http/sending.py": "the ASGI send",
    "http/server/framing.py": "HTTP's own noun",
    "http/server/writing.py": "the socket's write side",
    "http/streaming.py": "an answer without an end",
    "inventory/rules/booking.py": "a noun of the trade",
    "inventory/rules/holding.py": "what becomes of a hold",
    "inventory/rules/organising.py": "what an organiser does",
    "inventory/rules/placing.py": "how a hold is placed",
    "inventory/seating/drawing.py": "a drawing of a seat map",
    "inventory/seating/ranking.py": "a ranking of blocks of seats",
    "process/tuning.py": "a noun of the craft",
}
"""Modules of both packages whose names end in -ing, and the noun that each means."""

CONSTANT = re.compile(
    r"_?(?:[A-Z0-9]+_)*(MOST|LONGEST|LARGEST|SMALLEST|SHORTEST|DEEPEST|BIGGEST|FEWEST)(?:_[A-Z0-9]+)*"
)
CHECKED_FOR_CONSTANTS = ("src", "client", "proof", "benchmarks", "tests", "docs")


def classes(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Return the files of each class by its name."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].add(in_source(path))
    return found


CLIENT = [path for path in SOURCES if in_source(path).startswith("holdfast_client/")]
SERVER = [path for path in SOURCES if path not in CLIENT]


def shared(paths: Iterable[Path]) -> dict[str, set[str]]:
    """Return the public classes that have one name in several files."""
    return {one: files for one, files in classes(paths).items() if len(files) > 1 and not one.startswith("_")}


def test_a_public_class_of_the_server_has_a_unique_name() -> None:
    """A search for a name finds one class. A name that is no longer shared must leave the list."""
    assert {one: sorted(files) for one, files in shared(SERVER).items() if one not in SHARED} == {}
    assert set(SHARED) - set(shared(SERVER)) == set(), "no longer shared"


def test_a_public_class_of_the_client_has_a_unique_name() -> None:
    """It is a distribution of its own, so it may share names with the server."""
    assert shared(CLIENT) == {}


def test_a_private_class_has_a_unique_name_in_its_package() -> None:
    """A reader sees the modules of a folder together."""
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in SOURCES:
        by_folder[path.parent].append(path)
    found = {
        one: sorted(files)
        for paths in by_folder.values()
        for one, files in classes(paths).items()
        if len(files) > 1 and one.startswith("_")
    }
    assert found == {}


def assigned(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of each assignment to a name."""
    for node in ast.walk(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        yield from ((target.lineno, target.id) for target in targets if isinstance(target, ast.Name))


def test_a_limit_is_called_max_or_min() -> None:
    """One prefix for one idea: a search for MAX_ finds every limit."""
    found = [
        f"{name(path)}:{line}: {constant}"
        for folder in CHECKED_FOR_CONSTANTS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, constant in assigned(ast.parse(path.read_text()))
        if CONSTANT.fullmatch(constant)
    ]
    assert found == []


def test_a_module_in_ing_is_on_the_list() -> None:
    """A noun says what a module holds (`pipeline`); a participle (`preparing`) fits any code."""
    found = {in_source(path) for path in SOURCES if path.stem.endswith("ing")}
    assert found - set(IN_ING) == set(), "name it with a noun"
    assert set(IN_ING) - found == set(), "gone: take it off the list"
