"""Hold tokens: secrets that are derived from the one server key."""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import b2a_base64
from functools import lru_cache
from uuid import UUID

from holdfast import ids
from holdfast.inventory.rules.commands import StoredAnswer

_TOKEN = re.compile(r"hfh_[1-9][0-9]{0,12}_[A-Za-z0-9_-]{43}")


_UNUSED = hashlib.sha256()
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class HoldTokens:
    """Derives secrets from the server key; none of them is ever stored. Raises ValueError if the key is too short."""

    def __init__(self, server_key: bytes) -> None:
        if len(server_key) < 16:
            raise ValueError("the server key must have at least 16 bytes")
        self._inner, self._outer = _keyed(hmac.digest(server_key, b"holdfast hold token", "sha256"))
        # A new hold's token is made twice in a row: for the hash that is stored, and for the answer.
        self._token_of = lru_cache(maxsize=4_096)(self._make_token)

    def hold_token(self, hold_id: UUID, transfers: int = 0) -> str:
        """Return `hfh_`, the event's number, and 256 bits that only this server can make from the hold's id.

        `transfers`: how often its booking went to another person. Each time the token becomes another one.
        """
        if transfers:
            return self._make_token(hold_id.int, transfers)
        return self._token_of(hold_id.int)  # a number's hash takes a third of the time of an id's

    def _make_token(self, value: int, transfers: int = 0) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value.to_bytes(16, "big"))
        if transfers:
            inner.update(transfers.to_bytes(4, "big"))
        outer.update(inner.digest())
        text = b2a_base64(outer.digest(), newline=False).translate(_URL_SAFE, b"=").decode("ascii")
        return f"hfh_{value >> ids.EVENT_NUMBER_SHIFT}_{text}"

    def hold_token_hash(self, hold_id: UUID, transfers: int = 0) -> bytes:
        """Return the hash of the hold's token, as it is stored."""
        hashed = _UNUSED.copy()  # a new hash object takes longer than all the rest
        hashed.update(self.hold_token(hold_id, transfers).encode("ascii"))
        return hashed.digest()

    def complete(self, answer: StoredAnswer) -> bytes:
        """Return the body to send, with the hold token if it has one (the stored body then ends in `null}`)."""
        if answer.token_for is None:
            return answer.body
        return b'%b"%b"}' % (
            answer.body.removesuffix(b"null}"),
            self._token_of(answer.token_for.int).encode(),
        )


def _keyed(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return HMAC-SHA-256 with its key applied once (RFC 2104), so that each message costs a third of the usual
    time."""
    padded = key.ljust(64, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)), hashlib.sha256(
        bytes(byte ^ 0x5C for byte in padded)
    )


def hash_token(token: str | None) -> bytes | None:
    """Return the stored form of a hold token. Return None for an impossible token, which spares a query."""
    if token is None or not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode()).digest()
