"""Fetches Swagger UI's files from its package, and checks them against the hashes of `vendored.json`.

    .venv/bin/python docs/tools/swagger_ui.py

For another version, change `version` and `integrity` (`npm view swagger-ui-dist@VERSION dist.integrity`) in
`vendored.json`, run this, and look at the page. It needs npm. Tests compare the files without it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "src" / "holdfast" / "api" / "static" / "swagger-ui"
MANIFEST = FOLDER / "vendored.json"


def manifest() -> dict[str, Any]:
    """Return what is vendored: the package, its version and hash, and the hash of each file."""
    found: dict[str, Any] = json.loads(MANIFEST.read_text())
    return found


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def fetch(package: str, version: str, integrity: str) -> dict[str, bytes]:
    """Return the files of a version. Raises ValueError if the package is not the one with this hash."""
    with tempfile.TemporaryDirectory() as name:
        command = ["npm", "pack", "--silent", "--pack-destination", name, f"{package}@{version}"]
        subprocess.run(command, cwd=name, check=True, capture_output=True, timeout=120)
        (archive,) = Path(name).glob("*.tgz")
        content = archive.read_bytes()
        algorithm, _, expected = integrity.partition("-")
        found = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
        if found != expected:
            raise ValueError(f"{package} {version} has the hash {algorithm}-{found}")
        with tarfile.open(archive) as files:
            return {
                member.name.removeprefix("package/"): opened.read()
                for member in files
                if (opened := files.extractfile(member)) is not None
            }


def main() -> int:
    vendored = manifest()
    files = fetch(vendored["package"], vendored["version"], vendored["integrity"])
    for name in vendored["files"]:
        (FOLDER / name).write_bytes(files[name])
        vendored["files"][name] = digest(files[name])
    MANIFEST.write_text(json.dumps(vendored, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
