"""Environments: an empty virtual environment with one wheel of ours, and exactly what the wheel asks for.

The dependencies come from the environment of the tests, which has them by their hashes. So nothing is downloaded.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import BytesParser
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

__all__ = ["Environment", "build", "normal"]


def build(project: Path, to: Path, *targets: str) -> list[Path]:
    """Build a project's source distribution and wheel, or only the given targets. Return the files."""
    before = set(to.glob("*"))
    words = [word for target in targets for word in ("--target", target)]
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(to), *words]
    subprocess.run(command, cwd=project, capture_output=True, check=True, timeout=100)
    return sorted(set(to.glob("*")) - before)


class Environment:
    """A virtual environment. `names` are the distributions that the wheel needs, at any depth."""

    def __init__(self, folder: Path, wheel: Path, *, ours: tuple[Path, ...] = ()) -> None:
        self.folder = folder
        venv.create(folder, symlinks=True, with_pip=False)
        self.packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
        self.names: set[str] = set()
        own = {normal(one.name.split("-")[0]) for one in (wheel, *ours)}
        for one in (wheel, *ours):
            self._add_closure(_requirements_of(one), without=own)
        wheels = [str(one) for one in (wheel, *ours)]
        self._pip("install", "--no-deps", "--no-index", "--quiet", *wheels)

    def check(self) -> str:
        """Return pip's word on whether every requirement is installed."""
        return self._pip("check")

    def run(self, *words: str, **environment: str) -> str:
        """Run a program of the environment, and return what it prints. It must succeed."""
        program, *arguments = words
        done = subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _pip(self, *words: str) -> str:
        command = [sys.executable, "-m", "pip", "--python", str(self.folder), "--isolated"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False, timeout=100)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _add_closure(self, requirements: list[str], *, without: set[str]) -> None:
        waiting = list(requirements)
        while waiting:
            name, extras = _needed(waiting.pop())
            if name is None or name in without or name in self.names:
                continue
            try:
                found = distribution(name)
            except PackageNotFoundError:
                continue  # for another platform; `check` complains if it is needed here
            self.names.add(name)
            self._link(found)
            waiting += [one for one in found.requires or () if "extra" not in one or _has_extra(one, extras)]

    def _link(self, found: Distribution) -> None:
        for top in {Path(str(file)).parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            target, link = Path(str(found.locate_file(top))), self.packages / top
            if target.exists() and not link.exists():
                link.symlink_to(target)


def normal(name: str) -> str:
    return re.sub(r"[._-]+", "-", name).lower()


def _requirements_of(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        return BytesParser().parsebytes(archive.read(name)).get_all("Requires-Dist") or []


def _needed(requirement: str) -> tuple[str | None, set[str]]:
    """Return the name and the extras of a requirement; None for one of another platform."""
    match = re.match(r"([A-Za-z0-9._-]+)(?:\[([^\]]+)\])?", requirement)
    assert match is not None
    return normal(match[1]), {one.strip() for one in (match[2] or "").split(",")} - {""}


def _has_extra(requirement: str, extras: set[str]) -> bool:
    return any(re.search(rf"extra == ['\"]{re.escape(one)}['\"]", requirement) for one in extras)
