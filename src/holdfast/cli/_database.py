"""Database of a command: that of the settings, the running server's, or the embedded one, started for the command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer
from pydantic import SecretStr

from holdfast.access.access import Access
from holdfast.api.booking_mail import BookingMail
from holdfast.app.composition import build_delivery
from holdfast.app.database import open_database, server_key
from holdfast.app.logging import configure_logging
from holdfast.app.settings import BookingMailMode, LogLevel, Settings, load_settings
from holdfast.cli.output import fail
from holdfast.delivery.delivery import Delivery
from holdfast.door.door import Door
from holdfast.errors import EventNotFound, HoldfastError
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.languages import known_language, speaking
from holdfast.postgres import schema
from holdfast.postgres.backup import BackupError
from holdfast.postgres.connections import Connections
from holdfast.process.errors import CannotStart
from holdfast.process.server_address import read_address
from holdfast.tickets.tickets import Tickets

if TYPE_CHECKING:
    from holdfast.presentation.presentations import Presentations
    from holdfast.tickets.wallets.wallets import Wallets

__all__ = [
    "BY",
    "plain_errors",
    "resolve",
    "use_booking_mail",
    "use_contexts",
    "use_delivery",
    "use_delivery_at",
    "use_engine",
    "use_engine_at",
    "use_mailing_access",
    "use_presentations",
    "use_shop",
    "use_tickets",
    "use_wallets",
    "using_database",
]

BY = "cli"
"""The actor that the journal records."""

T = TypeVar("T")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn each error of the block into one line on standard error and exit code 1, without a traceback."""
    try:
        yield
    except (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError, CannotStart):
        raise
    except HoldfastError as error:
        raise fail(error.detail) from None
    except (BackupError, schema.SchemaError) as error:
        raise fail(str(error)) from None
    except Exception as error:  # noqa: BLE001 - a command reports any error in one line
        raise fail(_one_line(error)) from None


@contextmanager
def using_database(
    *, migrated: bool = True, creates: bool = False, settings: Settings | None = None
) -> Iterator[str]:
    """Yield the database's URL. Migrates the embedded database as the server does, but never another one.

    `creates` makes a database in a data directory without one. Without it, that is an error.
    """
    with plain_errors():
        settings = settings or load_settings()
        configure_logging(settings.model_copy(update={"log_level": LogLevel.ERROR}))
        with open_database(settings, creates=creates) as url:
            if migrated:
                if settings.database_url is None and _is_behind(url):
                    schema.upgrade(url)
                schema.verify(url)
            yield url


def use_engine(work: Callable[[Inventory], Awaitable[T]]) -> T:
    """Run the work with an inventory over the command's database. It gives out no hold tokens."""
    return use_contexts(lambda inventory, _: work(inventory))


def use_engine_at(url: str, work: Callable[[Inventory], Awaitable[T]]) -> T:
    """Run the work over a migrated database that the command has open."""
    return asyncio.run(_with_contexts(url, lambda inventory, _, __, ___: work(inventory)))


def use_contexts(work: Callable[[Inventory, Access], Awaitable[T]], *, creates: bool = False) -> T:
    """Run the work as `use_engine` does, with access to the API keys as well."""
    with using_database(creates=creates) as url:
        return asyncio.run(_with_contexts(url, lambda inventory, access, _, __: work(inventory, access)))


def use_booking_mail(work: Callable[[Inventory, BookingMail], Awaitable[T]]) -> T:
    """Run the work as `use_engine` does, with mail to buyers as well, which waits for the server.

    Whether a link opens a booking is only known with the server's key.
    """
    with plain_errors():
        settings = load_settings()
    with using_database(settings=settings) as url:
        served = _as_served(settings)
        return asyncio.run(_with_contexts(url, lambda inventory, _, mail, __: work(inventory, mail), served))


def use_delivery(work: Callable[[Delivery], Awaitable[T]]) -> T:
    """Run the work with the jobs of the command's database. It does none of them."""
    with plain_errors():
        settings = load_settings()
    with using_database(settings=settings) as url:
        return asyncio.run(_with_delivery(url, _as_served(settings), work))


def use_delivery_at(url: str, work: Callable[[Delivery], Awaitable[T]]) -> T:
    """Run the work with the jobs of a migrated database that the command has open."""
    return asyncio.run(_with_delivery(url, _as_served(load_settings()), work))


def use_mailing_access(work: Callable[[Access], Awaitable[T]]) -> T:
    """Run the work with the accounts of the command's database. Its mails wait for the server, which sends them."""
    with plain_errors():
        settings = load_settings()
    with using_database(settings=settings) as url:
        settings = _as_served(settings)
        if settings.secret_key is None:
            raise fail("HOLDFAST_SECRET_KEY is not set: the link of a mail is made with the server's key.")
        key = settings.secret_key.get_secret_value().encode()

        async def run(delivery: Delivery, connections: Connections) -> T:
            with speaking(known_language(delivery.mailer.language)):
                return await work(Access(connections, mailer=delivery.mailer, server_key=key))

        return asyncio.run(_with_mail(url, settings, run))


def use_tickets(work: Callable[[Inventory, Tickets], Awaitable[T]]) -> T:
    """Run the work with the tickets of the command's database. Their codes are made with the server's key."""
    return _use_ticket_contexts(lambda inventory, tickets, _: work(inventory, tickets))


def _use_ticket_contexts(work: Callable[[Inventory, Tickets, Door], Awaitable[T]]) -> T:
    with plain_errors():
        settings = load_settings()
    with using_database(settings=settings) as url:
        settings = _as_served(settings)
        if settings.secret_key is None:
            raise fail("HOLDFAST_SECRET_KEY is not set: the code of a ticket is made with the server's key.")
        key = settings.secret_key.get_secret_value().encode()
        return asyncio.run(_with_tickets(url, key, work))


def use_door(work: Callable[[Inventory, Door], Awaitable[T]]) -> T:
    """Run the work with the doors of events. The codes of tickets are read with the server's key."""
    return _use_ticket_contexts(lambda inventory, _, door: work(inventory, door))


def use_presentations(work: Callable[[Inventory, Presentations], Awaitable[T]]) -> T:
    """Run the work with the descriptions and posters of events."""
    return use_shop(lambda inventory, _, presentations: work(inventory, presentations))


def use_shop(work: Callable[[Inventory, Access, Presentations], Awaitable[T]], *, creates: bool = False) -> T:
    """Run the work as `use_contexts` does, with the descriptions and posters of events as well."""
    with using_database(creates=creates) as url:
        return asyncio.run(
            _with_contexts(
                url, lambda inventory, access, _, presentations: work(inventory, access, presentations)
            )
        )


def use_wallets(work: Callable[[Inventory, Wallets], Awaitable[T]]) -> T:
    """Run the work as `use_tickets` does, with the wallets that the settings name."""
    from holdfast.app.wallets import wallet_settings
    from holdfast.tickets.wallets.wallets import Wallets

    with plain_errors():
        settings = wallet_settings(load_settings())
    return use_tickets(lambda inventory, tickets: work(inventory, Wallets(tickets, settings)))


def _as_served(settings: Settings) -> Settings:
    """Return the settings with what the embedded database's folder knows: its key, and where its server listens."""
    if settings.database_url is not None:
        return settings
    known: dict[str, object] = {}
    if settings.secret_key is None:
        known["secret_key"] = SecretStr(server_key(settings))
    if settings.public_url is None and "port" not in settings.model_fields_set:
        known["public_url"] = read_address(settings.data_dir)
    return settings.model_copy(update=known)


async def resolve(inventory: Inventory, text: str) -> int:
    """Return the number of the event that the command line names. Raises EventNotFound."""
    from holdfast.api.values import parse_event_ref

    ref = parse_event_ref(text)
    try:
        if ref is None:
            raise EventNotFound
        number = await inventory.resolve(ref)
        await inventory.queries.get_event(number)
    except EventNotFound:
        raise EventNotFound(f"There is no event {text[:80]}: `holdfast event list` shows all.") from None
    return number


async def _with_contexts(
    url: str,
    work: Callable[[Inventory, Access, BookingMail, Presentations], Awaitable[T]],
    settings: Settings | None = None,
) -> T:
    from holdfast.presentation.presentations import Presentations

    settings = settings or load_settings()
    connections = Connections(url, size=2, application="holdfast-cli")
    delivery = build_delivery(settings, connections)
    access = Access(connections, mailer=delivery.mailer)
    booking_mail = BookingMail(delivery, access.users)
    jobs_of = None if settings.booking_mail is BookingMailMode.OFF else booking_mail.jobs_of
    known = settings.secret_key
    key = os.urandom(32) if known is None else known.get_secret_value().encode()
    inventory = Inventory(connections, HoldTokens(key), jobs_of=jobs_of)
    await inventory.open()
    try:
        with speaking(known_language(delivery.mailer.language)):
            return await work(inventory, access, booking_mail, Presentations(inventory, connections))
    finally:
        await inventory.close()


async def _with_tickets(url: str, key: bytes, work: Callable[[Inventory, Tickets, Door], Awaitable[T]]) -> T:
    connections = Connections(url, size=2, application="holdfast-cli")
    inventory = Inventory(connections, HoldTokens(key))
    await inventory.open()
    try:
        tickets = Tickets(inventory, connections, key)
        return await work(inventory, tickets, Door(inventory, tickets, connections))
    finally:
        await inventory.close()


async def _with_delivery(url: str, settings: Settings, work: Callable[[Delivery], Awaitable[T]]) -> T:
    return await _with_mail(url, settings, lambda delivery, _: work(delivery))


async def _with_mail(
    url: str, settings: Settings, work: Callable[[Delivery, Connections], Awaitable[T]]
) -> T:
    connections = Connections(url, size=2, application="holdfast-cli")
    await connections.open()
    try:
        return await work(build_delivery(settings, connections), connections)
    finally:
        await connections.close()


def _is_behind(url: str) -> bool:
    found = schema.status(url)
    return found.generation is None or found.generation < found.expected


def _one_line(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # A driver's message about a connection has several lines; this one says what failed.
    return next((line for line in lines if " failed: " in line), lines[0])
