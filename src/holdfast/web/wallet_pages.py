"""Wallet pages: what the buttons of a ticket lead to, its pass for Apple Wallet and its link for Google Wallet."""

from __future__ import annotations

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.wallet_passes import apple_pass_file, google_wallet_url
from holdfast.api.values import BookingPath, TicketPath
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.web.booking_page import open_booking
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import HTML

__all__ = ["routes"]

routes: Routes = PageRoutes()


@routes.get("/my/bookings/{booking}/tickets/{ticket}/apple-wallet.pkpass", policy=Permission.PUBLIC)
async def download_apple_pass(request: Request, booking: BookingPath, ticket: TicketPath) -> Reply:
    """Return a ticket of this browser's booking for Apple Wallet."""
    open_booking(request, booking)
    return await apple_pass_file(request, booking, ticket)


@routes.get("/my/bookings/{booking}/tickets/{ticket}/google-wallet", policy=Permission.PUBLIC)
async def open_google_wallet(request: Request, booking: BookingPath, ticket: TicketPath) -> Reply:
    """Send the browser to Google, with a ticket of its booking."""
    open_booking(request, booking)
    url = await google_wallet_url(request, booking, ticket)
    return Reply(status=303, headers=((b"location", url.encode("ascii")),), content_type=HTML)
