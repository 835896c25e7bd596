"""A small HTTP surface for tests of the application layer: routes that a test declares, without a database."""

from __future__ import annotations

import os
from typing import Any

import httpx2

from holdfast.access.open_mode import OpenMode, OwnerOf
from holdfast.access.peers import Address
from holdfast.access.principals import KeyRow
from holdfast.http.application import Application
from holdfast.http.cursors import Cursors
from holdfast.http.request import Request
from holdfast.http.routes import Routes

SERVER_KEY = b"k" * 32
LOOPBACK = ("127.0.0.1", 50_000)


class Keys:
    """API keys as the store returns them, and the number of lookups."""

    def __init__(self, *rows: KeyRow) -> None:
        self.rows = {row.key_id: row for row in rows}
        self.lookups = 0

    async def find(self, key_id: str) -> KeyRow | None:
        self.lookups += 1
        return self.rows.get(key_id)

    async def any(self) -> bool:
        return bool(self.rows)


def owned_by_us(_client: Address, _server: Address) -> int:
    """Name the user of a caller in this process, which has no socket."""
    return os.geteuid()


def layer_of(
    routes: Routes,
    *,
    keys: Keys | None = None,
    open_mode: bool = True,
    owner_of: OwnerOf = owned_by_us,
    **settings: Any,
) -> Application:
    keys = keys or Keys()
    return Application(
        routes,
        request_class=Request.bind(cursors=Cursors(SERVER_KEY)),
        find_key=keys.find,
        open_mode=OpenMode(keys.any, enabled=open_mode, owner_of=owner_of),
        **settings,
    )


def client_of(
    layer: Application, *, peer: tuple[str, int] = LOOPBACK, host: str = "localhost"
) -> httpx2.AsyncClient:
    """Return a client that connects from `peer`. Errors that pass through the application are raised."""
    transport = httpx2.ASGITransport(app=layer, client=peer)
    return httpx2.AsyncClient(transport=transport, base_url=f"http://{host}")
