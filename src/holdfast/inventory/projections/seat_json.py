"""Seats as members of a JSON list: `{"label", "status", "until"?}`, written directly because there may be
100,000.

Nothing needs escaping: a label is letters, digits, spaces, dots and hyphens.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime


def time_text(at: datetime) -> str:
    """Return a time as every answer writes it: UTC with `Z`."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def held_until(expires_at: datetime) -> str:
    """Return the status of a hold's seats, built once for all of them."""
    return f'held","until":"{time_text(expires_at)}'


def taken_seat(label: str, status: str) -> bytes:
    return f'{{"label":"{label}","status":"{status}"}}'.encode("ascii")


def available_seat(label: str) -> bytes:
    return f'{{"label":"{label}","status":"available"}}'.encode("ascii")


def seat_list(members: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(members) + b"]"
