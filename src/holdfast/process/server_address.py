"""Server address: where the server of a data directory listens, or the last one listened; and why none can.

A command does not know the port of `holdfast serve --port`. It reads the address here, for the links of kept mails.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from holdfast.process.folders import read_foreign

__all__ = ["bind_complaint", "read_address", "write_address"]

_NAME = "address"


def write_address(data_dir: Path, url: str) -> None:
    """Keep the address for commands. Without it they show the default port, so a failure stops no server."""
    with contextlib.suppress(OSError):
        (data_dir / _NAME).write_text(f"{url}\n", encoding="ascii")


def read_address(data_dir: Path) -> str | None:
    """Return the address; None if no server has served this data directory."""
    found = (read_foreign(data_dir / _NAME) or "").strip()
    if not found.startswith(("http://", "https://")) or len(found.split()) != 1:
        return None
    for wildcard in ("//0.0.0.0:", "//[::]:"):  # no client can call it
        found = found.replace(wildcard, "//127.0.0.1:")
    return found


def bind_complaint(host: str, port: int, error: OSError) -> str:
    """Return why no server can listen there."""
    reason = (error.strerror or str(error)).lower()
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"Cannot listen on {where}: {reason}. Stop the program that uses it, or set HOLDFAST_PORT."
