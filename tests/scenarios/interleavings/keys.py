"""Retry keys, and their answers as an API would render them."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from holdfast.errors import HoldfastError
from holdfast.inventory.rules import commands as c


def a_key(key: str, body: str) -> c.RetryKey[Any]:
    return c.RetryKey(scope=_digest(key), body=_digest(body), render=_render)


def _render(outcome: Any) -> c.StoredAnswer:
    if isinstance(outcome, HoldfastError):
        return c.StoredAnswer(status=outcome.status, body=json.dumps({"code": outcome.code}).encode())
    return c.StoredAnswer(status=200, body=json.dumps({"id": str(outcome.id)}).encode())


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
