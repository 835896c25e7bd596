"""A release: one version everywhere, and notes that are the changes of that version."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from typing import Any

import pytest
import yaml
from deploy_files import DEPLOY, ROOT

import holdfast

_SPEC = importlib.util.spec_from_file_location("release", DEPLOY / "release" / "release.py")
assert _SPEC is not None
assert _SPEC.loader is not None
release: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(release)

CHANGES = """# Changes

## 0.3.0 (2027-02-01)

- Later.

## 0.2.0 (2027-01-31)

- One.
- Two.

## 0.1.0
- No date.
"""


def test_every_place_has_the_version_of_the_source() -> None:
    """One place is written. A dependency of the server on its client, and an image's tag, must agree with it."""
    version = release.version_of_source()
    assert version == holdfast.__version__
    for project in (ROOT / "pyproject.toml", ROOT / "client" / "pyproject.toml"):
        found = tomllib.loads(project.read_text())
        assert "version" in found["project"]["dynamic"]
        assert (project.parent / found["tool"]["hatch"]["version"]["path"]).samefile(
            ROOT / "src/holdfast/__init__.py"
        )
    server = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (client,) = (one for one in server["project"]["dependencies"] if one.startswith("holdfast-client"))
    major, minor, _ = version.split(".")
    assert client == f"holdfast-client>={major}.{minor},<{major}.{int(minor) + 1}"
    (image,) = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["images"]
    assert image["newTag"] == version


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("0.2.0", "- One.\n- Two.\n"),
        ("0.3.0", "- Later.\n"),
        ("0.1.0", None),
        ("0.2", None),
        ("9.9.9", None),
    ],
)
def test_the_notes_are_the_dated_section_of_the_version(version: str, notes: str | None) -> None:
    assert release.notes_of(CHANGES, version) == notes


def test_the_tools_of_a_release_are_locked_by_hash() -> None:
    lock = (DEPLOY / "release" / "requirements.lock").read_text()
    named = [
        line for line in (DEPLOY / "release" / "requirements.in").read_text().splitlines() if line[:1] != "#"
    ]
    for name in named:
        assert re.search(rf"^{name}==[0-9.]+ ", lock, re.MULTILINE), name
    assert len(re.findall("--hash=sha256:", lock)) >= len(re.findall("^[a-z].*==", lock, re.MULTILINE))
