"""Minors: the newest minor releases of PostgreSQL that this version knows, to say when a server lacks fixes.

The list ships with each release; nothing is looked up. `tests/process/test_minors.py` fails when it is old.
"""

from __future__ import annotations

import re

__all__ = ["KNOWN_IN", "advice_for"]

KNOWN_IN = "November 2026"

_NEWEST = {18: 6, 17: 12, 16: 16, 15: 20}
"""Minor by major. All majors get their minors on the same day, with the same security fixes."""


def advice_for(version: str) -> str | None:
    """Return what to do about an old minor, such as `18.4` or `15.20 (Debian 15.20-0+deb12u1)`. None if it is new."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    newest = _NEWEST.get(major, 0)
    if minor >= newest:
        return None
    return f"{major}.{newest} has security fixes that {major}.{minor} lacks (known in {KNOWN_IN}): update PostgreSQL."
