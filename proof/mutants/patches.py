"""Patches: copies of the product's source, with changes.

A patch is a plain unified diff from the repository's root. It applies if its old lines occur exactly once in
their file, at any line. So it survives changes elsewhere, and a change near it is noticed.
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proof.machine import ROOT

__all__ = ["PatchError", "apply", "copy_source", "patch_of", "patches", "renewed"]

PACKAGE = Path("src/holdfast")
CONTEXT_LINES = 2

_FOLDER = Path(__file__).parent
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@.*")


class PatchError(Exception):
    """A patch that does not fit the current source."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Old and new lines of one file, whose path is relative to the root."""

    path: Path
    old: list[str]
    new: list[str]


def patches() -> list[Path]:
    return sorted(_FOLDER.glob("*.patch"))


def patch_of(name: str) -> Path:
    return _FOLDER / f"{name}.patch"


def copy_source(target: Path, *, root: Path = ROOT) -> Path:
    """Copy the package from `root` to `target`, and return the folder from which Python imports it.

    Compiled files are copied too: they stay valid for unchanged modules.
    """
    shutil.copytree(root / PACKAGE, target / PACKAGE)
    return target / PACKAGE.parent


def apply(patch: Path, root: Path) -> None:
    """Change the source below `root`, completely or not at all. Raises PatchError."""
    changed: dict[Path, list[str]] = {}
    for hunk in hunks_of(patch):
        if not (root / hunk.path).is_file():
            raise PatchError(f"{patch.name}: {hunk.path} does not exist")
        lines = changed.get(hunk.path) or _lines(root / hunk.path)
        places = [at for at in range(len(lines)) if lines[at : at + len(hunk.old)] == hunk.old]
        if len(places) != 1:
            first = next((line for line in hunk.old if line not in hunk.new), hunk.old[0]).strip()
            raise PatchError(
                f"{patch.name}: {len(places)} places in {hunk.path} match the lines around {first!r}"
            )
        changed[hunk.path] = [*lines[: places[0]], *hunk.new, *lines[places[0] + len(hunk.old) :]]
    if not changed:
        raise PatchError(f"{patch.name}: it changes nothing")
    for path, lines in changed.items():
        (root / path).write_text("".join(f"{line}\n" for line in lines))


def hunks_of(patch: Path) -> Iterator[Hunk]:
    """Yield the hunks of a patch. Raises PatchError if it is no unified diff."""
    path, lines = None, iter(_lines(patch))
    for line in lines:
        header = _HUNK.fullmatch(line)
        if line.startswith("+++ b/"):
            path = Path(line.removeprefix("+++ b/"))
        elif header is not None and path is not None:
            hunk = Hunk(path, [], [])
            olds, news = (int(count or 1) for count in header.groups())
            while len(hunk.old) < olds or len(hunk.new) < news:
                body = next(lines, "@@ the end")
                if body[:1] not in ("", " ", "-", "+"):
                    raise PatchError(f"{patch.name}: a hunk of {path} is shorter than its header says")
                if body[:1] != "+":
                    hunk.old.append(body[1:])
                if body[:1] != "-":
                    hunk.new.append(body[1:])
            yield hunk
        elif not line.startswith("--- a/"):
            raise PatchError(f"{patch.name}: {line!r} is neither a file nor a hunk")


def renewed(patch: Path, root: Path) -> str:
    """Return the patch with current line numbers and context; it was applied to the copy below `root`."""
    found: list[str] = []
    for path in sorted({hunk.path for hunk in hunks_of(patch)}):
        before, after = ((each / path).read_text().splitlines(keepends=True) for each in (ROOT, root))
        found += difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", n=CONTEXT_LINES)
    return "".join(found)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
