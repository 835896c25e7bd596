"""Mounts: file systems in files, seen by this process and its children alone, and gone with them."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_OUTER_SIZE, _INNER_SIZE = "24G", "6G"  # sparse: they cost what is written into them


class NotHere(Exception):
    """This machine cannot do it; why."""


def own_mounts() -> None:
    """What is mounted from now on is seen by this process and its children only, and goes with the last of them.

    Call it before any thread is started. Raises NotHere.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        raise NotHere(f"no mount namespace of its own: {os.strerror(ctypes.get_errno())}")
    _run("mount", "--make-rprivate", "/")


@contextmanager
def scratch(parent: Path = Path("/var/tmp")) -> Iterator[Path]:  # noqa: S108 - a folder of its own is made in it
    """A folder on a real disk, that everybody may pass through; it goes with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-proof-", dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mounted(what: Path | str, where: Path, *options: str, kind: str | None = None) -> Iterator[Path]:
    """The file system of an image, or of a kind that needs none. Raises NotHere."""
    where.mkdir(exist_ok=True)
    _run(
        "mount", *(["-t", kind] if kind else []), *(["-o", ",".join(options)] if options else []), what, where
    )
    try:
        yield where
    finally:
        _unmount(where)


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """A disk whose state at any moment can be kept. Raises NotHere."""
    outer = folder / "outer.img"
    _run("truncate", "--size", _OUTER_SIZE, outer)
    _run("mkfs.xfs", "-q", "-m", "reflink=1", outer)
    with mounted(outer, folder / "outer", "loop"):
        inner = folder / "outer" / "inner.img"
        _run("truncate", "--size", _INNER_SIZE, inner)
        _run("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=1", inner)
        with mounted(inner, folder / "inner", "loop"):
            yield Disk(folder, inner)


class Disk:
    """An ext4 on a loop device over a file on XFS.

    What the machine has told the disk to write is in that file, and what it keeps in its memory is not. XFS takes a
    reflink of a file in one moment, so a reflink of it is the disk after a power cut at that moment. (One that keeps
    in a cache of its own what it was told to write is not imitated: what reached the loop device counts as written.)
    """

    def __init__(self, folder: Path, image: Path) -> None:
        self.root = folder / "inner"
        self._image = image
        self._folder = folder

    def cut(self, name: str) -> Path:
        """The disk as it would be found if the power failed now. Raises NotHere."""
        copy = self._image.with_name(f"{name}.img")
        _run("cp", "--reflink=always", self._image, copy)
        return copy

    @contextmanager
    def after(self, cut: Path) -> Iterator[Path]:
        """The root of a disk that was cut, as the machine finds it when the power is back; it is forgotten then."""
        try:
            with mounted(cut, self._folder / cut.stem, "loop") as root:
                yield root
        finally:
            cut.unlink()


def _unmount(where: Path) -> None:
    """Whoever still works there keeps it until he ends."""
    if subprocess.run(["umount", str(where)], capture_output=True, check=False).returncode != 0:
        subprocess.run(["umount", "--lazy", str(where)], capture_output=True, check=False)


def _run(*command: str | Path) -> None:
    try:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotHere(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise NotHere(f"{' '.join(str(part) for part in command[:2])} …: {error.stderr.strip()}") from error
