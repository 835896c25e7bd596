"""Webhooks: verify that a notice comes from the server (Standard Webhooks), before anything trusts it."""

from __future__ import annotations

import binascii
import hmac
import time
from base64 import b64decode
from collections.abc import Mapping
from json import JSONDecodeError, loads

from holdfast_client.errors import BadAnswer
from holdfast_client.models import Notice
from holdfast_client.reading import read

__all__ = ["BadSignature", "verify_notice"]

TOLERANCE_SECONDS = 300


class BadSignature(ValueError):
    """The request is not from the server, or too old. Answer it with 400 and do nothing else."""


def verify_notice(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> Notice:
    """Return the notice of a request. Raises BadSignature.

    `body` must be the bytes as they arrived. A notice may arrive twice: its `webhook-id` is the same.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
        id, at = found["webhook-id"], found["webhook-timestamp"]
        seconds = int(at) if at.isascii() and at.isdigit() else None
        given = [part.partition(",") for part in found["webhook-signature"].split()]
    except (KeyError, binascii.Error, ValueError):
        raise BadSignature("A header or the secret is missing or malformed.") from None
    if seconds is None or abs((time.time() if now is None else now) - seconds) > TOLERANCE_SECONDS:
        raise BadSignature("The time of the request is not within five minutes of this clock.")
    expected = hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")
    if not any(
        version == "v1" and hmac.compare_digest(_decoded(text), expected) for version, _, text in given
    ):
        raise BadSignature("No signature fits the secret and the body.")
    try:
        return read(Notice, loads(body))
    except (JSONDecodeError, UnicodeDecodeError, BadAnswer):
        raise BadSignature("The body is not a notice.") from None


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
