"""Clients that others generate from `/openapi.json` compile, and sell to the end.

The kind: what the document leaves out or says wrongly, a generated client cannot do. Other generators are members, too.
These two are the usual ones of their languages. They are strict in different ways: one in types, one in parsing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generated.conftest import GENERATORS, HERE, Run

TOOLS = GENERATORS / "node_modules" / ".bin"


@pytest.mark.timeout(300)
def test_a_client_in_typescript_compiles_strictly_and_sells(
    run: Run, documents: tuple[Path, Path], url: str, tmp_path: Path
) -> None:
    for name in ("sale.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(GENERATORS / "node_modules")
    for document, name in zip(documents, ("tickets.d.ts", "dialects.d.ts"), strict=True):
        run(TOOLS / "openapi-typescript", document.name, "-o", name)
    run(TOOLS / "tsc", "--project", "tsconfig.json")
    assert run("node", "sale.js", HOLDFAST_URL=url) == "sold\n"


@pytest.mark.timeout(300)
def test_a_client_in_python_is_generated_whole_and_sells(
    run: Run, documents: tuple[Path, Path], url: str, tmp_path: Path
) -> None:
    """With `--fail-on-warning` the generator fails when it skips an endpoint. Its setting says what a PDF is to it."""
    shutil.copy(HERE / "python_client.yaml", tmp_path)
    for document, name in zip(documents, ("tickets", "dialects"), strict=True):
        words = ("--path", document.name, "--output-path", name, "--meta", "none", "--fail-on-warning")
        setting = ("--config", "python_client.yaml")
        run(GENERATORS / "bin" / "openapi-python-client", "generate", *words, *setting)
    python = GENERATORS / "bin" / "python"
    assert run(python, str(HERE / "sale.py"), HOLDFAST_URL=url, PYTHONPATH=".") == "sold\n"
    run(python, "-c", EVERY_MODULE, PYTHONPATH=".")


EVERY_MODULE = """
import importlib, pkgutil
for name in ("tickets", "dialects"):
    for one in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        importlib.import_module(one.name)
"""


@pytest.mark.timeout(300)
def test_spectral_finds_nothing_in_the_documents(
    run: Run, documents: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copy(HERE / "spectral.yaml", tmp_path / ".spectral.yaml")
    names = [one.name for one in documents]
    assert "No results" in run(TOOLS / "spectral", "lint", *names, "--fail-severity", "hint")
