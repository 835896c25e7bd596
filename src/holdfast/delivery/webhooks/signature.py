"""Signature: Standard Webhooks, with secrets that are derived from the server key and stored nowhere."""

from __future__ import annotations

import hmac
from base64 import b64encode
from datetime import datetime, timedelta
from uuid import UUID

from holdfast.delivery.webhooks.endpoint import WebhookEndpoint

__all__ = ["WebhookSecrets"]

OVERLAP = timedelta(hours=24)
"""How long a rotated secret still signs, beside the new one."""


class WebhookSecrets:
    """Derives each endpoint's secrets from the server key."""

    def __init__(self, server_key: bytes) -> None:
        self._key = hmac.digest(server_key, b"holdfast webhook secret", "sha256")

    def secret_of(self, endpoint_id: UUID, generation: int) -> str:
        """Return the secret as its owner sees it: `whsec_` and base64."""
        return "whsec_" + b64encode(self._secret(endpoint_id, generation)).decode("ascii")

    def headers(
        self, endpoint: WebhookEndpoint, message_id: str, body: bytes, *, now: datetime
    ) -> dict[str, str]:
        """Return the headers of a delivery, signed with every valid secret."""
        seconds = int(now.timestamp())
        generations = [endpoint.generation]
        if endpoint.rotated_at is not None and now < endpoint.rotated_at + OVERLAP:
            generations.append(endpoint.generation - 1)
        content = f"{message_id}.{seconds}.".encode() + body
        signatures = [
            "v1," + b64encode(hmac.digest(self._secret(endpoint.id, each), content, "sha256")).decode("ascii")
            for each in generations
        ]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(signatures),
        }

    def _secret(self, endpoint_id: UUID, generation: int) -> bytes:
        return hmac.digest(self._key, endpoint_id.bytes + generation.to_bytes(4, "big"), "sha256")
