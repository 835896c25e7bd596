"""Cursors: where a list goes on, signed, so that a client can only send back what it was given."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from holdfast.errors import FieldError, InvalidInput

__all__ = ["Cursors"]

_MAC_BYTES = 16
_MAX_LENGTH = 1_000


class Cursors:
    """Signs and opens cursors with a key of their own, derived from the server key."""

    def __init__(self, server_key: bytes) -> None:
        self._key = hmac.digest(server_key, b"holdfast cursors 1", "sha256")

    def sign(self, route: str, filters: Mapping[str, Any], position: Sequence[Any]) -> str:
        """A cursor at `position` (strings, integers, times as text) of the list that `filters` select on
        `route`.
        """
        payload = json.dumps(list(position), separators=(",", ":"), ensure_ascii=False, default=str).encode()
        return urlsafe_b64encode(self._mac(route, filters, payload) + payload).rstrip(b"=").decode("ascii")

    def open(self, cursor: str, route: str, filters: Mapping[str, Any]) -> list[Any]:
        """The position. Raises: InvalidInput unless this very list made the cursor."""
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
        chosen = sorted((name, str(value)) for name, value in filters.items() if value is not None)
        head = json.dumps([route, chosen]).encode()
        return hmac.digest(self._key, sha256(head).digest() + payload, "sha256")[:_MAC_BYTES]


def _invalid() -> InvalidInput:
    error = FieldError(pointer="?cursor", code="invalid_cursor", detail=FieldError.CURSOR)
    return InvalidInput(InvalidInput.CURSOR, errors=(error,))
