"""Wallet passes: a ticket for Apple Wallet as a file, and for Google Wallet as a link."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.rights import booking_authority
from holdfast.api.values import BookingPath, TicketPath
from holdfast.errors import (
    BookingAlreadyCancelled,
    BookingNotFound,
    CredentialsRequired,
    EventCancelled,
    Forbidden,
    RouteNotFound,
    TicketNotFound,
)
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.tickets.ticket import ticket_reference

__all__ = ["PASS", "apple_pass_file", "google_wallet_url", "routes"]

routes = Routes(tag="tickets")

PassRevision = Annotated[
    int | None,
    Field(
        ge=0,
        le=2**31 - 1,
        description="The revision that a pass of before had. If the ticket was issued again since, the answer is a "
        "voided pass, which replaces that one. Default: a pass for the ticket as it is now.",
    ),
]
PASS = b"application/vnd.apple.pkpass"
_EXAMPLE_LINK = "https://pay.google.com/gp/v/save/eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.…"


class WalletLinkOut(BaseModel):
    """Where a phone adds a ticket to its wallet."""

    url: str = Field(description="It has the ticket's code, so it lets its bearer in.")


@routes.get(
    "/v1/bookings/{booking}/tickets/{ticket}/apple-wallet.pkpass",
    policy=Permission.PUBLIC,
    hold_token=True,
    response_type="application/vnd.apple.pkpass",
    errors=[BookingNotFound, TicketNotFound, CredentialsRequired, Forbidden, RouteNotFound],
    answers={200: "… a pass …"},
)
async def get_apple_pass(
    request: Request, booking: BookingPath, ticket: TicketPath, *, revision: PassRevision = None
) -> Reply:
    """Return a ticket as a pass for Apple Wallet, with its hold's token or as staff.

    A ticket keeps its serial number, so a phone replaces the pass before. A void ticket has a pass without a code,
    which the phone shows as void. A server without a certificate of Apple has no passes: 404.
    """
    return await apple_pass_file(request, booking, ticket, revision)


async def apple_pass_file(request: Request, booking: UUID, ticket: int, revision: int | None = None) -> Reply:
    """Return the pass as a download."""
    authority = await booking_authority(request, booking, Permission.TICKETS_REISSUE)
    content = await request.wallets.make_apple_pass(booking, ticket, authority, revision=revision)
    name = f'attachment; filename="ticket-{ticket_reference(booking, ticket)}.pkpass"'
    return Reply(body=content, headers=((b"content-disposition", name.encode("ascii")),), content_type=PASS)


@routes.get(
    "/v1/bookings/{booking}/tickets/{ticket}/google-wallet",
    policy=Permission.PUBLIC,
    hold_token=True,
    response=WalletLinkOut,
    errors=[
        BookingNotFound,
        TicketNotFound,
        BookingAlreadyCancelled,
        CredentialsRequired,
        EventCancelled,
        Forbidden,
        RouteNotFound,
    ],
    answers={200: {"url": _EXAMPLE_LINK}},
)
async def get_google_wallet_link(
    request: Request, booking: BookingPath, ticket: TicketPath
) -> dict[str, Any]:
    """Return the link that adds a ticket to Google Wallet, with its hold's token or as staff.

    The link is signed, and has the ticket as it is now. A server without an account of Google has no links: 404.
    """
    return {"url": await google_wallet_url(request, booking, ticket)}


async def google_wallet_url(request: Request, booking: UUID, ticket: int) -> str:
    authority = await booking_authority(request, booking, Permission.TICKETS_REISSUE)
    return await request.wallets.make_google_link(booking, ticket, authority)
