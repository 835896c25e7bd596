"""Files of others in this repository: Swagger UI's, exactly as in its package."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from snippets import ROOT

sys.path.append(str(ROOT / "docs" / "tools"))

from swagger_ui import FOLDER, digest, fetch, manifest


def test_each_file_has_its_recorded_hash() -> None:
    files = manifest()["files"]
    assert {name: digest((FOLDER / name).read_bytes()) for name in files} == files
    assert {path.name for path in FOLDER.iterdir()} == {*files, "vendored.json"}


def test_the_files_are_those_of_the_package() -> None:
    """The package itself is checked by the hash that its registry has published."""
    vendored = manifest()
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    try:
        files = fetch(vendored["package"], vendored["version"], vendored["integrity"])
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("the registry cannot be reached")
    assert {name: digest(files[name]) for name in vendored["files"]} == vendored["files"]


def test_the_licence_comes_with_the_files() -> None:
    notice = (ROOT / "NOTICE").read_text()
    assert f"Swagger UI {manifest()['version']}" in notice
    assert "Apache License" in (FOLDER / "LICENSE").read_text()
