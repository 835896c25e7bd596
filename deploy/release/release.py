"""Release: build both distributions, check them where nothing else is installed, and say what is inside.

    make release

It writes wheels and source archives, a list of all libraries (CycloneDX), and the notes into dist/. It uploads nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


def main() -> int:
    version = version_of_source()
    notes = notes_of((ROOT / "CHANGELOG.md").read_text(), version)
    if notes is None:
        print(
            f"CHANGELOG.md has no dated section for {version}: `## {version} (2027-01-31)`.", file=sys.stderr
        )
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    for project in (ROOT, ROOT / "client"):
        run(sys.executable, "-m", "hatchling", "build", "--directory", str(DIST), cwd=project)
    built = sorted(DIST.iterdir())
    wheels = [str(file) for file in built if file.suffix == ".whl"]
    run(tool("twine"), "check", "--strict", *map(str, built))
    for python in filter(is_here, PYTHONS):
        check_wheels(python, wheels, version)
    (DIST / f"holdfast-{version}-notes.md").write_text(notes)
    contents = DIST / f"holdfast-{version}.cdx.json"
    run(tool("cyclonedx-py"), "requirements", "--output-file", str(contents), str(ROOT / "requirements.lock"))
    print(f"dist/ has the release {version}: {len(built)} archives, its notes, and {contents.name}.")
    return 0


def version_of_source() -> str:
    """Return the version from its one place."""
    found = VERSION.search((ROOT / "src/holdfast/__init__.py").read_text())
    assert found is not None
    return found[1]


def notes_of(changelog: str, version: str) -> str | None:
    """Return the section of a version, whose heading has a date; None without one."""
    heading = rf"^## {re.escape(version)} \(\d{{4}}-\d{{2}}-\d{{2}}\)\n(.*?)(?=^## |\Z)"
    found = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() + "\n" if found else None


def is_here(python: str) -> bool:
    """Return whether this Python runs. A version manager has names for those that it does not."""
    if shutil.which(python) is None:
        return False
    return subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0


def check_wheels(python: str, wheels: list[str], version: str) -> None:
    """Install the wheels into an empty environment of this Python, and ask the program for its version."""
    with tempfile.TemporaryDirectory() as folder:
        run(python, "-m", "venv", folder)
        programs = Path(folder) / "bin"
        run(str(programs / "pip"), "install", "--quiet", "--disable-pip-version-check", *wheels)
        run(str(programs / "pip"), "check", "--disable-pip-version-check")
        said = run(str(programs / "holdfast"), "--version")
        if said.strip() != version:
            raise SystemExit(f"The wheel says version {said.strip()}, not {version}.")
    print(f"{python}: installed, and says {version}.")


def tool(name: str) -> str:
    return str(ROOT / "build" / "release" / "venv" / "bin" / name)


def run(*command: str, cwd: Path = ROOT) -> str:
    """Run a program without the caller's PYTHONPATH, and return its output. Raises SystemExit if it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{Path(command[0]).name} failed: {done.stdout.strip() or done.returncode}")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
