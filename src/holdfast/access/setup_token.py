"""Setup token: what the printed line of the first start ends with. The supervisor reads it without a driver."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

__all__ = ["setup_token"]


def setup_token(server_key: bytes, epoch: str) -> str:
    """Return the token of a database's history."""
    digest = hmac.digest(server_key, b"holdfast setup " + epoch.encode("ascii"), "sha256")
    return "hfu_" + urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
