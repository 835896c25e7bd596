"""Wallets: the face of this package, which knows the wallets that this server makes passes for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from holdfast.errors import RouteNotFound
from holdfast.inventory.rules.commands import Authority
from holdfast.tickets.tickets import BookingTickets, Tickets, refuse_void
from holdfast.tickets.wallets.apple_pass import apple_pass
from holdfast.tickets.wallets.google_wallet import WalletAccount, google_wallet_link
from holdfast.tickets.wallets.pass_certificate import PassCertificate

__all__ = ["WalletSettings", "Wallets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletSettings:
    """What the server has of each wallet's company, and who sells, as a pass says it."""

    apple: PassCertificate | None = None
    google: WalletAccount | None = None
    seller: str = "Holdfast"


class Wallets:
    """Makes tickets into passes. Nothing is stored: a pass is made for each download."""

    def __init__(self, tickets: Tickets, settings: WalletSettings) -> None:
        self._tickets = tickets
        self._settings = settings

    @property
    def has_apple(self) -> bool:
        """Whether the server makes passes for Apple Wallet that phones accept now."""
        return self._settings.apple is not None and self._settings.apple.is_valid()

    @property
    def has_google(self) -> bool:
        return self._settings.google is not None

    async def make_apple_pass(
        self, booking_id: UUID, number: int, authority: Authority, *, revision: int | None = None
    ) -> bytes:
        """Return the pass of a ticket, voided if the ticket is void or was issued again after `revision`.

        Raises RouteNotFound without the wallet; BookingNotFound and TicketNotFound.
        """
        certificate = self._certificate()
        return await self._apple_pass(
            certificate, await self._tickets.read_one(booking_id, number, authority), revision
        )

    async def make_apple_pass_of_link(self, token: str) -> bytes:
        """Return the pass of a link's ticket. Raises RouteNotFound without the wallet; LinkNotValid."""
        certificate = self._certificate()
        return await self._apple_pass(certificate, await self._tickets.open_link(token), None)

    async def make_google_link(self, booking_id: UUID, number: int, authority: Authority) -> str:
        """Return the link that adds a ticket to Google Wallet.

        Raises RouteNotFound without the wallet; BookingNotFound, TicketNotFound, BookingAlreadyCancelled and
        EventCancelled.
        """
        account = self._account()
        return await self._google_link(account, await self._tickets.read_one(booking_id, number, authority))

    async def make_google_link_of_link(self, token: str) -> str:
        """Return the link that adds the ticket of a link to Google Wallet.

        Raises RouteNotFound without the wallet; LinkNotValid, BookingAlreadyCancelled and EventCancelled.
        """
        account = self._account()
        return await self._google_link(account, await self._tickets.open_link(token))

    def _certificate(self) -> PassCertificate:
        certificate = self._settings.apple
        if certificate is None or not certificate.is_valid():
            raise RouteNotFound(RouteNotFound.NO_WALLET)
        return certificate

    def _account(self) -> WalletAccount:
        if self._settings.google is None:
            raise RouteNotFound(RouteNotFound.NO_WALLET)
        return self._settings.google

    async def _apple_pass(
        self, certificate: PassCertificate, found: BookingTickets, revision: int | None
    ) -> bytes:
        ticket = found.tickets[0]
        return await asyncio.to_thread(
            apple_pass,
            certificate,
            self._settings.seller,
            found.booking,
            found.event,
            ticket,
            is_void=revision is not None and revision != ticket.revision,
        )

    async def _google_link(self, account: WalletAccount, found: BookingTickets) -> str:
        refuse_void(found.tickets[0])
        return await asyncio.to_thread(
            google_wallet_link, account, self._settings.seller, found.booking, found.event, found.tickets[0]
        )
