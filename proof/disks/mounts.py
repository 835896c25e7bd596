"""Mounts: file systems in files, which only this process and its children see, and which end with them."""

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
_OUTER_SIZE, _INNER_SIZE = "24G", "6G"  # sparse: they cost only what is written to them


class NotHere(Exception):
    """This machine does not support it; the text gives the reason."""


def own_mounts() -> None:
    """Hide later mounts from other processes; they end with the last process that sees them.

    Call it before any thread starts. Raises NotHere.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        raise NotHere(f"cannot create a mount namespace: {os.strerror(ctypes.get_errno())}")
    _run("mount", "--make-rprivate", "/")


@contextmanager
def scratch(parent: Path = Path("/var/tmp")) -> Iterator[Path]:  # noqa: S108 - a folder of its own is made in it
    """Yield a folder on a real disk that every user can traverse; remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-proof-", dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mounted(what: Path | str, where: Path, *options: str, kind: str | None = None) -> Iterator[Path]:
    """Mount an image, or a file system of a kind that needs none. Raises NotHere."""
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
    """Yield a disk whose state can be copied at any moment. Raises NotHere."""
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

    The file has what the machine wrote to the disk, but not what it keeps in memory. XFS makes a reflink of a
    file in one moment, so a reflink is the disk after a power cut at that moment. A disk with a volatile
    cache of its own is not simulated: data that reached the loop device count as written.
    """

    def __init__(self, folder: Path, image: Path) -> None:
        self.root = folder / "inner"
        self._image = image
        self._folder = folder

    def cut(self, name: str) -> Path:
        """Return the disk as after a power failure now. Raises NotHere."""
        copy = self._image.with_name(f"{name}.img")
        _run("cp", "--reflink=always", self._image, copy)
        return copy

    @contextmanager
    def after(self, cut: Path) -> Iterator[Path]:
        """Mount a cut disk as after the power returned, yield its root, and delete it at the end."""
        try:
            with mounted(cut, self._folder / cut.stem, "loop") as root:
                yield root
        finally:
            cut.unlink()


def _unmount(where: Path) -> None:
    """Unmount; a process that still works there keeps the mount until it ends."""
    if subprocess.run(["umount", str(where)], capture_output=True, check=False).returncode != 0:
        subprocess.run(["umount", "--lazy", str(where)], capture_output=True, check=False)


def _run(*command: str | Path) -> None:
    try:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotHere(f"{command[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise NotHere(f"{' '.join(str(part) for part in command[:2])} …: {error.stderr.strip()}") from error
