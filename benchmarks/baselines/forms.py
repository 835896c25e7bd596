"""Forms: the request for a hold and its answer, for both baselines."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from pydantic import BaseModel, Field

__all__ = ["DATABASE_URL", "POOL", "HoldIn", "HoldOut", "Line", "NewHold"]

DATABASE_URL = os.environ.get("SHOP_DATABASE_URL", "postgresql:///shop")
POOL = int(os.environ.get("SHOP_POOL", "16"))
"""Connections."""


class Line(BaseModel):
    quantity: int = Field(ge=1, le=1_000)


class HoldIn(BaseModel):
    """The body that Holdfast takes for a hold of quantities."""

    event: int
    lines: list[Line] = Field(min_length=1, max_length=1)
    ttl_seconds: int = Field(default=120, ge=1, le=1_800)


class HoldOut(BaseModel):
    id: UUID
    event: int
    status: str
    lines: list[Line]
    quantity: int
    placed_at: datetime
    expires_at: datetime
    hold_token: str


class NewHold:
    """Id, token and times of a hold that is about to be written."""

    __slots__ = ("asked", "expires_at", "id", "placed_at", "quantity", "token")

    def __init__(self, asked: HoldIn) -> None:
        self.asked = asked
        self.id = uuid4()
        self.token = secrets.token_urlsafe(32)
        self.quantity = asked.lines[0].quantity
        self.placed_at = datetime.now(UTC)
        self.expires_at = self.placed_at + timedelta(seconds=asked.ttl_seconds)

    @property
    def token_hash(self) -> bytes:
        return hashlib.sha256(self.token.encode()).digest()

    def answer(self) -> HoldOut:
        return HoldOut(
            id=self.id,
            event=self.asked.event,
            status="active",
            lines=self.asked.lines,
            quantity=self.quantity,
            placed_at=self.placed_at,
            expires_at=self.expires_at,
            hold_token=self.token,
        )
