"""Request: the argument of every route, an HTTP request with the parts of the application."""

from __future__ import annotations

from holdfast.access.access import Access
from holdfast.access.access_tokens import AccessTokens
from holdfast.access.token_grants import TokenGrants
from holdfast.delivery.delivery import Delivery
from holdfast.door.door import Door
from holdfast.http import request
from holdfast.inventory.inventory import Inventory
from holdfast.limits.attempts import AttemptLimits
from holdfast.limits.live_holds import LiveHolds
from holdfast.limits.open_streams import OpenStreams
from holdfast.limits.shared_holds import SharedHolds
from holdfast.presentation.presentations import Presentations
from holdfast.tickets.booking_links import BookingLinks
from holdfast.tickets.tickets import Tickets
from holdfast.tickets.wallets.wallets import Wallets

__all__ = ["HoldCounts", "Request"]

HoldCounts = LiveHolds | SharedHolds


class Request(request.Request):
    """A request to Holdfast's own routes."""

    inventory: Inventory
    access: Access
    access_tokens: AccessTokens
    grants: TokenGrants
    delivery: Delivery
    tickets: Tickets
    door: Door
    presentations: Presentations
    wallets: Wallets
    booking_links: BookingLinks
    attempts: AttemptLimits
    live_holds: HoldCounts | None = None
    open_streams: OpenStreams | None = None
