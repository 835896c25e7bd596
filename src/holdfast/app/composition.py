"""Composition: build the application from the settings."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from holdfast.access.access import Access
from holdfast.access.open_mode import OpenMode, OwnerOf
from holdfast.access.peers import owner_of
from holdfast.api.catalogue import ABOUT, ABOUT_DIALECTS, all_endpoints
from holdfast.api.request import Request
from holdfast.app.settings import Settings
from holdfast.app.workers import build_workers
from holdfast.delivery.delivery import Delivery
from holdfast.delivery.mail.mailer import MailSettings
from holdfast.delivery.mail.smtp import parse_smtp_url
from holdfast.http.application import Application
from holdfast.http.client_address import TrustedProxies
from holdfast.http.cursors import Cursors
from holdfast.http.guest_limits import GuestLimits
from holdfast.http.rate_table import RateTable
from holdfast.http.server.limits import ConnectionLimits
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.metrics import write_tallies
from holdfast.postgres.connections import Connections
from holdfast.process.descriptors import connections_within, raise_descriptor_limit, streams_within
from holdfast.process.disk_room import disk_room_of
from holdfast.process.errors import CannotStart
from holdfast.workers.background import Background

__all__ = ["build_app", "build_delivery", "connection_limits"]


def build_connections(settings: Settings) -> Connections:
    """Return connections to the settings' database. Raises CannotStart if its URL is missing."""
    if settings.database_url is None:
        raise CannotStart("HOLDFAST_DATABASE_URL is not set; `holdfast serve` brings its own PostgreSQL.")
    return Connections(
        settings.database_url.get_secret_value(),
        size=settings.pool_size,
        wait_seconds=settings.wait_limit_seconds,
    )


def build_inventory(settings: Settings, connections: Connections) -> Inventory:
    """Return the process's inventory. Raises CannotStart if the secret key is missing."""
    if settings.secret_key is None:
        raise CannotStart(
            "HOLDFAST_SECRET_KEY is not set; a database of your own needs one of 32 characters or more."
        )
    limits = InventoryLimits(
        queue_length=settings.queue_limit,
        batch_maximum=settings.batch_limit,
        wait_seconds=settings.wait_limit_seconds,
        streams=streams_within(raise_descriptor_limit(), settings.stream_limit),
    )
    hold_tokens = HoldTokens(settings.secret_key.get_secret_value().encode())
    return Inventory(connections, hold_tokens, limits, has_room=disk_room_of(os.environ))


def build_delivery(settings: Settings, connections: Connections) -> Delivery:
    """Return the process's delivery. Without a secret key it can derive no secret link, and needs none."""
    key = os.urandom(32) if settings.secret_key is None else settings.secret_key.get_secret_value().encode()
    return Delivery(
        connections, key, mail_settings(settings), private_webhooks=settings.webhook_private_addresses
    )


def mail_settings(settings: Settings) -> MailSettings:
    """Return where mail goes. Raises CannotStart for a mail server without a sender."""
    if settings.smtp_url is None:
        server = None
    elif "mail_from" not in settings.model_fields_set:
        raise CannotStart("HOLDFAST_MAIL_FROM is not set; a mail server needs a sender.")
    else:
        server = parse_smtp_url(settings.smtp_url.get_secret_value())
    here = f"[{settings.host}]" if ":" in settings.host else settings.host
    base_url = settings.public_url or f"http://{here}:{settings.port}"
    return MailSettings(server=server, sender=settings.mail_from, base_url=base_url.rstrip("/"))


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the timeouts of a connection, and how much unsent data a worker keeps."""
    return ConnectionLimits(
        body_seconds=settings.body_timeout_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
        connections=connections_within(raise_descriptor_limit(), settings.connection_limit),
        unsent_bytes=settings.unsent_limit_megabytes * 1024 * 1024,
    )


def _guest_limits(settings: Settings, server_key: bytes) -> GuestLimits | None:
    """Return the limits, whose memory all workers of a server share; None without any."""
    holds, requests = settings.guest_holds_per_minute, settings.guest_requests_per_minute
    if not (holds or requests):
        return None
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    table = RateTable(Path(folder) if folder else None)
    return GuestLimits(table, holds_per_minute=holds, requests_per_minute=requests, server_key=server_key)


def _open_users(settings: Settings) -> frozenset[int]:
    return frozenset() if settings.open_user is None else frozenset({settings.open_user})


def build_app(settings: Settings, *, owner_of: OwnerOf = owner_of) -> Application:
    """Return the whole application. Your own routes find the inventory as `request.app.state.inventory`.

    `owner_of` names the user of a caller, for open mode. A caller inside this process has no socket that names one.
    """
    connections = build_connections(settings)
    inventory = build_inventory(settings, connections)
    access = Access(connections)
    delivery = build_delivery(settings, connections)
    background = Background(build_workers(settings, inventory, delivery, access))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await inventory.open()
        background.start()
        yield
        await background.stop()
        await inventory.close()
        write_tallies()

    assert settings.secret_key is not None
    server_key = settings.secret_key.get_secret_value().encode()
    cursors = Cursors(server_key, epoch=lambda: inventory.epoch)
    app = Application(
        all_endpoints(),
        about=ABOUT,
        about_dialects=ABOUT_DIALECTS,
        request_class=Request.bind(inventory=inventory, access=access, delivery=delivery, cursors=cursors),
        find_key=access.find_key,
        touch_key=access.touch_key,
        open_mode=OpenMode(
            access.any_key, enabled=settings.open, owner_of=owner_of, users=_open_users(settings)
        ),
        public_url=settings.public_url or "",
        lifespan=lifespan,
        leave=inventory.operations.leave,
        end_streams=inventory.streams.close,
        body_seconds=settings.body_timeout_seconds,
        access_log=settings.access_log,
        proxies=TrustedProxies(settings.trusted_proxies),
        allowed_origins=settings.allowed_origins,
        limits=_guest_limits(settings, server_key),
    )
    app.state.inventory = inventory
    return app
