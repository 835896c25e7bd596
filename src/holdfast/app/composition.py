"""Composition: build the application from the settings."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial

from fastapi import FastAPI

from holdfast.access.access import Access
from holdfast.access.access_tokens import AccessTokens
from holdfast.access.audit_jobs import audit_acts
from holdfast.access.open_mode import OpenMode, OwnerOf
from holdfast.access.peers import owner_of, ready_to_ask
from holdfast.access.token_grants import TokenGrants, account_of
from holdfast.api.booking_mail import BookingMail
from holdfast.api.catalogue import ABOUT, ABOUT_DIALECTS, all_endpoints
from holdfast.api.event_messages import EventMessages
from holdfast.api.request import Request
from holdfast.app.limits import build_limits, follow_holds
from holdfast.app.settings import BookingMailMode, Settings
from holdfast.app.wallets import wallet_settings
from holdfast.app.workers import build_workers
from holdfast.delivery.delivery import Delivery
from holdfast.delivery.mail.mailer import MailSettings
from holdfast.delivery.mail.smtp import parse_smtp_url
from holdfast.door.door import Door
from holdfast.http.application import Application
from holdfast.http.client_address import TrustedProxies
from holdfast.http.cursors import Cursors
from holdfast.http.server.limits import ConnectionLimits
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.metrics import write_tallies
from holdfast.postgres.connections import Connections
from holdfast.postgres.first_connection import wait_for_first
from holdfast.presentation.presentations import Presentations
from holdfast.process.descriptors import connections_within, raise_descriptor_limit, streams_within
from holdfast.process.disk_room import disk_room_of
from holdfast.process.errors import CannotStart
from holdfast.tickets.booking_links import KIND as BOOKING_LINK
from holdfast.tickets.booking_links import BookingLinks
from holdfast.tickets.tickets import Tickets
from holdfast.tickets.wallets.wallets import Wallets
from holdfast.web.catalogue import all_pages
from holdfast.workers.background import Background

__all__ = ["build_app", "build_delivery", "connection_limits"]

_FIRST_CONNECTION_SECONDS = 5.0
"""A server whose database is away serves after this time: it answers what needs no database, and says what is wrong."""


def build_connections(settings: Settings) -> Connections:
    """Return connections to the settings' database. Raises CannotStart if its URL is missing."""
    if settings.database_url is None:
        raise CannotStart("HOLDFAST_DATABASE_URL is not set; `holdfast serve` brings its own PostgreSQL.")
    return Connections(
        settings.database_url.get_secret_value(),
        size=settings.pool_size,
        wait_seconds=settings.wait_limit_seconds,
        direct=settings.direct_nodes,
    )


def _server_key(settings: Settings) -> bytes:
    """Return the secret key. Raises CannotStart if it is missing."""
    if settings.secret_key is None:
        raise CannotStart(
            "HOLDFAST_SECRET_KEY is not set; a database of your own needs one of 32 characters or more."
        )
    return settings.secret_key.get_secret_value().encode()


def build_inventory(settings: Settings, connections: Connections, booking_mail: BookingMail) -> Inventory:
    """Return the process's inventory. Raises CannotStart if the secret key is missing."""
    limits = InventoryLimits(
        queue_length=settings.queue_limit,
        batch_maximum=settings.batch_limit,
        wait_seconds=settings.wait_limit_seconds,
        streams=streams_within(raise_descriptor_limit(), settings.stream_limit),
    )
    hold_tokens = HoldTokens(_server_key(settings))
    return Inventory(
        connections,
        hold_tokens,
        limits,
        has_room=disk_room_of(os.environ),
        jobs_of=None if settings.booking_mail is BookingMailMode.OFF else booking_mail.jobs_of,
    )


def build_delivery(settings: Settings, connections: Connections) -> Delivery:
    """Return the process's delivery. Without a secret key it can derive no secret link, and needs none."""
    key = os.urandom(32) if settings.secret_key is None else settings.secret_key.get_secret_value().encode()
    return Delivery(
        connections,
        key,
        mail_settings(settings),
        private_webhooks=settings.webhook_private_addresses,
        hold_token=HoldTokens(key).hold_token,
    )


def mail_settings(settings: Settings) -> MailSettings:
    """Return where mail goes. Raises CannotStart for a mail server without a sender."""
    if settings.smtp_url is None:
        server = None
    elif "mail_from" not in settings.model_fields_set:
        raise CannotStart("HOLDFAST_MAIL_FROM is not set; a mail server needs a sender.")
    else:
        server = parse_smtp_url(settings.smtp_url.get_secret_value())
    return MailSettings(
        server=server,
        sender=settings.mail_from,
        base_url=_base_url(settings),
        is_public=settings.public_url is not None,
        has_wallets=settings.apple_wallet_certificate is not None
        or settings.google_wallet_account is not None,
        language=settings.language,
    )


def _base_url(settings: Settings) -> str:
    """Return the server's address without a slash at its end: the public one, or that of this machine."""
    here = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.public_url or f"{settings.scheme}://{here}:{settings.port}").rstrip("/")


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the timeouts of a connection, and how much unsent data a worker keeps."""
    return ConnectionLimits(
        body_seconds=settings.body_timeout_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
        connections=connections_within(raise_descriptor_limit(), settings.connection_limit),
        unsent_bytes=settings.unsent_limit_megabytes * 1024 * 1024,
    )


def _open_users(settings: Settings) -> frozenset[int]:
    return frozenset() if settings.open_user is None else frozenset({settings.open_user})


def build_app(settings: Settings, *, owner_of: OwnerOf = owner_of) -> Application:
    """Return the whole application. Your own routes find the inventory as `request.app.state.inventory`.

    `owner_of` names the user of a caller, for open mode. A caller inside this process has no socket that names one.
    """
    connections = build_connections(settings)
    delivery = build_delivery(settings, connections)
    server_key = _server_key(settings)
    access = Access(connections, mailer=delivery.mailer, server_key=server_key)
    booking_mail = BookingMail(delivery, access.users)
    inventory = build_inventory(settings, connections, booking_mail)
    delivery.add_acts(booking_mail.acts(inventory.queries))
    delivery.add_acts(EventMessages(booking_mail).acts(inventory.queries, access.audit))
    delivery.add_acts(audit_acts(access.audit))
    booking_links = BookingLinks(inventory, connections, delivery)
    delivery.add_acts({BOOKING_LINK: booking_links.act})
    tickets = Tickets(inventory, connections, server_key)
    if settings.booking_mail is not BookingMailMode.LINK:
        delivery.mailer.make_tickets = tickets.make_pdf_for_mail
    if delivery.mailer.has_wallets:
        delivery.mailer.link_tickets = tickets.links_for_mail
    door = Door(inventory, tickets, connections)
    wallets = Wallets(tickets, wallet_settings(settings))
    background = Background(build_workers(settings, inventory, delivery, access))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:  # it runs each step, also after one that fails
            stack.callback(write_tallies)
            if limits.redis is not None:
                stack.push_async_callback(limits.redis.close)
            stack.push_async_callback(inventory.close)
            await inventory.open()
            await wait_for_first(connections.all(), _FIRST_CONNECTION_SECONDS)
            stack.push_async_callback(background.stop)
            background.start()
            with ready_to_ask() if settings.open else nullcontext():
                yield

    limits = build_limits(settings, server_key)
    if limits.live_holds is not None:
        inventory.follow(follow_holds(limits.live_holds))
    cursors = Cursors(server_key, epoch=lambda: inventory.epoch)
    tokens = AccessTokens(server_key, issuer=_base_url(settings))
    app = Application(
        [*all_endpoints(), *all_pages()],
        about=ABOUT,
        about_dialects=ABOUT_DIALECTS,
        request_class=Request.bind(
            inventory=inventory,
            access=access,
            access_tokens=tokens,
            grants=TokenGrants(access, tokens, by_password=settings.password_grant),
            delivery=delivery,
            tickets=tickets,
            door=door,
            presentations=Presentations(inventory, connections),
            wallets=wallets,
            booking_links=booking_links,
            cursors=cursors,
            language=settings.language,
            attempts=limits.attempts,
            live_holds=limits.live_holds,
            open_streams=limits.open_streams,
        ),
        find_key=access.find_key,
        touch_key=access.touch_key,
        access_tokens=tokens,
        account_of_token=partial(account_of, access.sessions),
        find_session=access.sessions.authenticate,
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
        limits=limits.requests,
    )
    app.state.inventory = inventory
    return app
