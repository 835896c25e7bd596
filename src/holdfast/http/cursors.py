"""Cursors: signed positions in a list. A client can only send back what the server issued."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from holdfast.errors import FieldError, InvalidInput

__all__ = ["Cursors"]

_MAC_BYTES = 16
_MAX_LENGTH = 1_000


class Cursors:
    """Signs and opens cursors with their own key, derived from the server key, for the database's present epoch."""

    def __init__(self, server_key: bytes, *, epoch: Callable[[], str] = str) -> None:
        self._epoch = epoch
        self._key = hmac.digest(server_key, b"holdfast cursors 1", "sha256")

    def sign(self, route: str, filters: Mapping[str, Any], position: Sequence[Any]) -> str:
        """Return a cursor at `position` (strings, integers, times as text) in the list of `route` and `filters`."""
        payload = json.dumps(list(position), separators=(",", ":"), ensure_ascii=False, default=str).encode()
        return urlsafe_b64encode(self._mac(route, filters, payload) + payload).rstrip(b"=").decode("ascii")

    def open(self, cursor: str, route: str, filters: Mapping[str, Any]) -> list[Any]:
        """Return the position. Raises InvalidInput unless the same list issued the cursor."""
        if len(cursor) > _MAX_LENGTH or not cursor.isascii():
            raise _invalid()
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (NotBase64, ValueError):
            raise _invalid() from None
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(route, filters, payload)):
            raise _invalid()
        position: list[Any] = json.loads(payload)
        return position

    def _mac(self, route: str, filters: Mapping[str, Any], payload: bytes) -> bytes:
        chosen = sorted((name, _text(value)) for name, value in filters.items() if value is not None)
        head = json.dumps([self._epoch(), route, chosen]).encode()
        return hmac.digest(self._key, sha256(head).digest() + payload, "sha256")[:_MAC_BYTES]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)


def _invalid() -> InvalidInput:
    error = FieldError(pointer="?cursor", code="invalid_cursor", detail=FieldError.CURSOR)
    return InvalidInput(InvalidInput.CURSOR, errors=(error,))
