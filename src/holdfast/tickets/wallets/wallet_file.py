"""Wallet file: reads what a wallet's issuer keeps in a file, such as a certificate."""

from __future__ import annotations

from pathlib import Path

__all__ = ["read_wallet_file"]

_MAX_BYTES = 100_000


def read_wallet_file(file: Path) -> bytes:
    """Return the content. Raises ValueError, which says why the file cannot be read."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"must name a file that the server can read: {error.strerror}") from None
    if len(content) > _MAX_BYTES:
        raise ValueError(f"must name a file of {_MAX_BYTES:,} bytes or fewer")
    return content
