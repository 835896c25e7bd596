"""Secret key: the one server key, from the environment or from a file that only its owner may read."""

from __future__ import annotations

import contextlib
import os
import secrets
from hashlib import sha256
from pathlib import Path

from holdfast.process.errors import CannotStart
from holdfast.process.folders import flush_folder

__all__ = ["read_or_make_secret_key"]


def read_or_make_secret_key(data_dir: Path) -> str:
    """Return the key from the data directory's file. The first start makes it; the caller holds the lock.

    Raises CannotStart if another key served the data before. A new key would silently invalidate every hold token.
    """
    path = data_dir / "secret_key"
    fingerprint = data_dir / "postgres" / "key_fingerprint"
    key = _read(path)
    served_with = fingerprint.read_text().strip() if fingerprint.exists() else None
    if served_with is not None and (key is None or _fingerprint_of(key) != served_with):
        wrong = "is missing" if key is None else "is not the key"
        raise CannotStart(
            f"{path} {wrong} that this data was served with: restore it from a backup. "
            f"To invalidate every hold token that was given out, delete {fingerprint}."
        )
    if key is None:
        key = _make(path)
    if served_with is None and fingerprint.parent.is_dir():
        _write(fingerprint, _fingerprint_of(key))
    return key


def _fingerprint_of(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:16]


def _read(path: Path) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        try:
            key = path.read_text(encoding="ascii").strip()
        except (PermissionError, UnicodeDecodeError):
            raise CannotStart(f"{path} cannot be read.") from None
        if len(key) < 32:
            raise CannotStart(
                f"{path} is damaged: restore it from a backup, or every hold token becomes invalid."
            )
        return key
    return None


def _make(path: Path) -> str:
    key = secrets.token_hex(32)
    _write(path, key)
    return key


def _write(path: Path, text: str) -> None:
    """Write the file completely or not at all. A key that is lost half-written may have signed tokens already."""
    scratch = path.with_suffix(".part")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    scratch.rename(path)
    flush_folder(path.parent)
