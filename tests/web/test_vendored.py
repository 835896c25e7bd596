"""Files of others in the pages: exactly as in their package, with their licences."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "docs" / "tools"))

from swagger_ui import digest, fetch

ROOT = Path(__file__).parents[2]
FOLDERS = sorted((ROOT / "src/holdfast/web/static/vendor").iterdir())


def _manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "vendored.json").read_text()))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_file_has_its_recorded_hash(folder: Path) -> None:
    found = {path.name for path in folder.iterdir() if not path.name.startswith("LICENSE-")}
    vendored = _manifest(folder)["files"]
    assert found == {*vendored, "vendored.json"}
    for name, about in vendored.items():
        assert digest((folder / name).read_bytes()) == about["sha256"], name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_files_are_those_of_the_package(folder: Path) -> None:
    """The package itself is checked by the hash that its registry has published."""
    vendored = _manifest(folder)
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    try:
        files = fetch(vendored["package"], vendored["version"], vendored["integrity"])
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("the registry cannot be reached")
    for about in vendored["files"].values():
        assert digest(files[about["from"]]) == about["sha256"], about["from"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_licence_comes_with_the_files(folder: Path) -> None:
    vendored = _manifest(folder)
    assert f"{vendored['package']} {vendored['version']}" in (ROOT / "NOTICE").read_text()
    assert "LICENSE" in vendored["files"]
