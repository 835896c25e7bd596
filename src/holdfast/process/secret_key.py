"""Secret key: the one server key, from the environment or from a file that only its owner may read."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from holdfast.process.errors import CannotStart
from holdfast.process.folders import flush_folder

__all__ = ["read_or_make_secret_key"]


def read_or_make_secret_key(data_dir: Path) -> str:
    """The key in the data directory's file, made at first. The caller holds the directory's lock."""
    path = data_dir / "secret_key"
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
    key = secrets.token_hex(32)
    scratch = path.with_suffix(".part")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    # Whole or not there: a key that was lost half-written would have signed tokens already.
    scratch.rename(path)
    flush_folder(data_dir)
    return key
