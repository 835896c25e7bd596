"""Password proofs: what a browser keeps between the right password and the code of an app.

A proof is signed and names the account and its end, so no server stores it. Alone it opens nothing.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

from holdfast.errors import CredentialsRequired

__all__ = ["PROOF_SECONDS", "PasswordProofs"]

PROOF_SECONDS = 5 * 60

_PREFIX = "hfl_"
_ACCOUNT_BYTES = 8
_END_BYTES = 4
_MAC_BYTES = 20
"""With these the text is as long as that of each other cookie."""


class PasswordProofs:
    """The proofs of one deployment. All its servers derive the same key from the server key."""

    def __init__(self, server_key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(server_key, b"holdfast password proof", "sha256")
        self._clock = clock

    def issue(self, account_id: int) -> str:
        """Return the proof that a browser has given an account's password. It counts for `PROOF_SECONDS`."""
        end = int(self._clock()) + PROOF_SECONDS
        head = account_id.to_bytes(_ACCOUNT_BYTES, "big") + end.to_bytes(_END_BYTES, "big")
        return _PREFIX + urlsafe_b64encode(head + self._mac(head)).rstrip(b"=").decode("ascii")

    def check(self, proof: str | None) -> int:
        """Return whose password it proves. Raises CredentialsRequired."""
        try:
            raw = urlsafe_b64decode(f"{(proof or '').removeprefix(_PREFIX)}=")
        except ValueError:
            raw = b""
        head, mac = raw[: _ACCOUNT_BYTES + _END_BYTES], raw[_ACCOUNT_BYTES + _END_BYTES :]
        end = int.from_bytes(head[_ACCOUNT_BYTES:], "big")
        if not hmac.compare_digest(mac, self._mac(head)) or self._clock() >= end:
            raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)
        return int.from_bytes(head[:_ACCOUNT_BYTES], "big")

    def _mac(self, head: bytes) -> bytes:
        return hmac.digest(self._key, head, "sha256")[:_MAC_BYTES]
