"""Secret key: the one server key, from the environment or from a file that only its owner may read."""

from __future__ import annotations

import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path

from holdfast.process.errors import CannotStart
from holdfast.process.folders import flush_folder

__all__ = ["keep_secret_key", "read_or_make_secret_key"]

_MAX_BYTES = 4_096


def keep_secret_key(data_dir: Path, given: str | None) -> str:
    """Return the key of embedded data: the given one, or that of the file. The caller holds the lock.

    Raises CannotStart if another key served the data before. A new key would silently invalidate every hold token.
    """
    if given is None:
        return read_or_make_secret_key(data_dir)
    _compare(data_dir, given, name="HOLDFAST_SECRET_KEY")
    return given


def read_or_make_secret_key(data_dir: Path) -> str:
    """Return the key from the data directory's file. The first start makes it; the caller holds the lock.

    Raises CannotStart if another key served the data before.
    """
    path = data_dir / "secret_key"
    key = _read(path)
    if key is None:
        _compare(data_dir, None, name=str(path))
        key = secrets.token_hex(32)
        _write(path, key)
    _compare(data_dir, key, name=str(path))
    return key


def _compare(data_dir: Path, key: str | None, *, name: str) -> None:
    """Compare a key with the one that served the data before, and remember the first one."""
    fingerprint = data_dir / "postgres" / "key_fingerprint"
    served_with = _text_of(fingerprint)
    if served_with is None:
        if key is not None and fingerprint.parent.is_dir():
            _write(fingerprint, _fingerprint_of(key))
    elif key is None or _fingerprint_of(key) != served_with:
        wrong = "is missing" if key is None else "is not the key"
        raise CannotStart(
            f"{name} {wrong} that this data was served with: restore it from a backup. "
            f"To invalidate every hold token that was given out, delete {fingerprint}."
        )


def _fingerprint_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:16]


def _read(path: Path) -> str | None:
    key = _text_of(path)
    if key is not None and len(key) < 32:
        raise CannotStart(
            f"{path} is damaged: restore it from a backup, or every hold token becomes invalid."
        )
    return key


def _text_of(path: Path) -> str | None:
    """Return the text of a small file; None if it does not exist. A FIFO or a device does not make us wait."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise CannotStart(
                    f"{path} must be a file with the key, and it is none: a container makes a folder where a mount "
                    "names no existing file."
                )
            return os.read(descriptor, _MAX_BYTES).decode("ascii").strip()
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise CannotStart(f"{path} cannot be read: it is not a text that Holdfast wrote.") from None
    except OSError as error:
        raise CannotStart(f"{path} cannot be read: {error.strerror}.") from None


def _write(path: Path, text: str) -> None:
    """Write the file completely or not at all. A key that is lost half-written may have signed tokens already."""
    scratch = path.with_suffix(".part")
    try:
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(path)
        flush_folder(path.parent)
    except OSError as error:
        raise CannotStart(f"{path} cannot be written: {error.strerror}.") from None
