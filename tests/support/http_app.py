"""The complete application over the database of a test: fixtures for the tests of `/v1` and of the dialects."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from holdfast.access.access import Access
from holdfast.access.principals import make_api_key
from holdfast.api.request import Request
from holdfast.app.composition import build_app
from holdfast.app.settings import Settings
from holdfast.delivery.delivery import Delivery
from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from support.http_surface import owned_by_us

SECRET_KEY = "the secret key of every test, at least 32 long"
NEVER_SECONDS = 3600.0
"""The interval of background loops: correctness does not depend on them, so tests run without them."""

KeyedClient = Callable[..., Any]


@asynccontextmanager
async def running_app(database_url: str, **chosen: Any) -> AsyncIterator[Application]:
    """Yield the application with its lifespan running, as in a server process."""
    settings = Settings(
        database_url=SecretStr(database_url),
        secret_key=SecretStr(SECRET_KEY),
        sweep_interval_seconds=NEVER_SECONDS,
        retention_interval_seconds=NEVER_SECONDS,
        job_interval_seconds=NEVER_SECONDS,
        **chosen,
    )
    layer = build_app(settings, owner_of=owned_by_us)
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(layer({"type": "lifespan"}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"
    try:
        yield layer
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        await life


def engine_of(layer: Application) -> Inventory:
    assert issubclass(layer.request_class, Request)
    return layer.request_class.inventory


def access_of(layer: Application) -> Access:
    assert issubclass(layer.request_class, Request)
    return layer.request_class.access


def delivery_of(layer: Application) -> Delivery:
    assert issubclass(layer.request_class, Request)
    return layer.request_class.delivery


def client_of(layer: Application, *, peer: str = "127.0.0.1", **headers: str) -> httpx2.AsyncClient:
    """Return a client on `peer`. Errors that pass through the application are raised in the test."""
    transport = httpx2.ASGITransport(app=layer, client=(peer, 1))
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=given, timeout=60)


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[Application]:
    """The application in open mode: a caller on this machine is staff."""
    async with running_app(database_url) as layer:
        yield layer


@pytest.fixture
def inventory(app: Application) -> Inventory:
    """The inventory behind `app`."""
    return engine_of(app)


@pytest.fixture
async def client(app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    """A client on this machine, which is staff in open mode."""
    async with client_of(app) as one:
        yield one


@pytest.fixture
async def closed_app(database_url: str) -> AsyncIterator[Application]:
    """An application without open mode over the same database."""
    async with running_app(database_url, open=False) as layer:
        yield layer


@pytest.fixture
async def guest(closed_app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without credentials, on a closed server."""
    async with client_of(closed_app, peer="203.0.113.7") as one:
        yield one


@pytest.fixture
async def keyed_client(closed_app: Application) -> AsyncIterator[KeyedClient]:
    """`await keyed_client("sell", "read")`: a client of the closed server with a new API key of these scopes."""
    numbers = itertools.count(1)
    opened: list[httpx2.AsyncClient] = []

    async def make(*scopes: str, organisation: int = 1) -> httpx2.AsyncClient:
        key_id = f"test{next(numbers)}"
        text, secret_hash = make_api_key(key_id, "s" * 43)
        await access_of(closed_app).insert_key(
            id=key_id,
            secret_hash=secret_hash,
            name=key_id,
            scopes=list(scopes),
            expires_at=None,
            organisation=organisation,
        )
        one = client_of(closed_app, peer="203.0.113.8", authorization=f"Bearer {text}")
        opened.append(one)
        return one

    yield make
    for one in opened:
        await one.aclose()
