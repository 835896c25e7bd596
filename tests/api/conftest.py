"""Fixtures of the API."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.postgres.connections import Connections
from support.http_app import app, client, closed_app, guest, inventory, keyed_client

__all__ = ["app", "client", "closed_app", "guest", "inventory", "keyed_client"]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements and batches of this process, in order. It looks on, and changes nothing."""
    seen: list[str] = []
    ask_pool, getconn = Connections.ask_pool, Connections.pool

    async def ask(self: Connections, pool: Any, statement: bytes, *rest: Any, **more: Any) -> Any:
        seen.append(bytes(statement).decode()[:60])
        return await ask_pool(self, pool, statement, *rest, **more)

    def pool(self: Connections, number: int) -> Any:
        seen.append("pool")
        return getconn(self, number)

    monkeypatch.setattr(Connections, "ask_pool", ask)
    monkeypatch.setattr(Connections, "pool", pool)
    return seen
