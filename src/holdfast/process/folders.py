"""Folders: the parts of the data directory, their owners, and the lock that keeps a second server out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from holdfast.process.errors import CannotStart

__all__ = [
    "FolderLock",
    "ServerUser",
    "can_reach",
    "flush_folder",
    "make_data_dir",
    "make_folder",
    "read_foreign",
    "server_user",
]

# Older versions made `metrics`, and a kill left it there.
_IN_DATA_DIR = frozenset(
    {"address", "lock", "metrics", "postgres", "secret_key", "secret_key.part", "lost+found"}
)
_IN_POSTGRES = re.compile(
    r"cluster(\.part)?|run|lock|postgresql\.log(\.1)?|pg_(hba|ident)\.conf|key_fingerprint(\.part)?|closed|binaries-.*"
)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The operating system's user under which PostgreSQL runs."""

    name: str
    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        return self.uid == os.geteuid()


def server_user() -> ServerUser:
    """Return the caller. PostgreSQL refuses root, so for root return an unprivileged user of the system.

    Raises CannotStart if no such user exists, or if the caller's id has no name.
    """
    if os.geteuid() != 0:
        try:
            entry = pwd.getpwuid(os.geteuid())
        except KeyError:
            raise CannotStart(
                f"User id {os.geteuid()} has no name on this system, and PostgreSQL needs one: "
                "add it to /etc/passwd, or set HOLDFAST_DATABASE_URL."
            ) from None
        return ServerUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    for name in ("holdfast", "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServerUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise CannotStart(
        "PostgreSQL does not run as root, and there is no user holdfast, postgres or nobody to run it as: "
        "make one, start as an ordinary user, or set HOLDFAST_DATABASE_URL."
    )


def can_reach(path: Path, user: ServerUser) -> bool:
    """Return whether the user may pass through every folder above the path."""
    for parent in path.absolute().parents:
        if not parent.exists():
            continue
        status = parent.stat()
        if status.st_uid == user.uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid == user.gid:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def flush_folder(path: Path) -> None:
    """Flush the folder, so that new and renamed files keep their names after a power cut.

    Flushing the file alone does not guarantee that.
    """
    with contextlib.suppress(PermissionError):  # we may pass through some parent folders but not open them
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_folder(path: Path, *, mode: int = 0o700, owner: ServerUser | None = None) -> None:
    """Make the folder with its parents, or give an existing one this mode and owner. Raises CannotStart."""
    try:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        path.mkdir(parents=True, exist_ok=True)
        for each in missing:
            flush_folder(each.parent)
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)
        if owner is not None and path.stat().st_uid != owner.uid:
            os.chown(path, owner.uid, owner.gid)
    except (FileExistsError, NotADirectoryError):
        raise CannotStart(f"{path} is in the way: a folder is needed there.") from None
    except OSError as error:
        raise CannotStart(f"{path} cannot be written: {error.strerror}.") from None


def read_foreign(path: Path, *, limit: int = 4_096) -> str | None:
    """Return the text of a file that a less trusted user may have put there. None if it is no plain file.

    No link is followed: it could name a secret that only we may read. A FIFO does not make us wait.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return os.read(descriptor, limit).decode(errors="replace")
    finally:
        os.close(descriptor)


def make_data_dir(path: Path, *, mode: int | None = None) -> None:
    """Make the data directory, or use an existing one that is empty or ours.

    Raises CannotStart for a folder with other files.
    """
    # PostgreSQL's user may pass through the directory, but sees only its own folder.
    needed = mode if mode is not None else 0o700 if server_user().is_caller else 0o711
    if not path.is_dir():
        make_folder(path, mode=needed)
        return
    try:
        if not _is_ours(path):
            raise CannotStart(
                f"{path} holds files of others: set HOLDFAST_DATA_DIR to an empty folder, or to one that Holdfast made."
            )
    except OSError as error:
        raise CannotStart(f"{path} cannot be read: {error.strerror}.") from None
    _secure(path, needed)


def _is_ours(path: Path) -> bool:
    """Return whether Holdfast has kept a database or its key here, or nobody has kept anything."""
    postgres = path / "postgres"
    if (postgres / "lock").exists() or ((path / "lock").exists() and (path / "secret_key").exists()):
        return True
    if not {each.name for each in path.iterdir()} <= _IN_DATA_DIR:
        return False
    inside = postgres.iterdir() if postgres.exists() else ()
    return all(_IN_POSTGRES.fullmatch(each.name) for each in inside)


def _secure(path: Path, needed: int) -> None:
    """Give an existing folder the rights that we need, and take from others the right to rename what is ours.

    All else stays: it may be a mount point of another owner, or an empty folder of the system such as /srv or /tmp.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    wanted = mode | needed
    if not mode & stat.S_ISVTX:
        wanted &= ~_OTHERS_WRITE
    if wanted == mode:
        return
    try:
        path.chmod(wanted)
    except OSError as error:  # a volume of a cluster belongs to root, and its group may write
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise CannotStart(f"{path} cannot be written: {error.strerror}.") from None


class FolderLock:
    """An exclusive lock on a folder. The kernel releases it when the process ends, for any reason."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock. Raises CannotStart if another process has it."""
        if self._descriptor is not None:
            return
        try:
            # Python opens it close-on-exec: a child that outlives us must not keep the lock.
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise CannotStart(f"{self._path.parent} cannot be written: {error.strerror}.") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            by = f" (process {owner})" if owner else ""
            raise CannotStart(
                f"{self._path.parent} is in use by another Holdfast server{by}: "
                "stop it, or set HOLDFAST_DATA_DIR to another folder."
            ) from None
        except OSError as error:  # some network file systems have no locks
            os.close(descriptor)
            raise CannotStart(f"{self._path} cannot be locked: {error.strerror}.") from None
        # On a full disk it is not written: only the message of a second server needs it.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
