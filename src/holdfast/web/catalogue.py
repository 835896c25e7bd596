"""Catalogue of pages."""

from __future__ import annotations

from holdfast.http.routes import Endpoint
from holdfast.web import (
    account_page,
    assets,
    booking_page,
    door_page,
    embed,
    event_page,
    find_page,
    first_steps,
    hold_page,
    link_pages,
    posters,
    programme,
    security_page,
    sign_in_page,
    sign_up_page,
    ticket_page,
    wallet_pages,
)
from holdfast.web.organise import (
    attendees,
    booking_places,
    bookings,
    counter,
    event_change,
    event_overview,
    event_places,
    keys,
    messages,
    new_event,
    own_events,
    presented,
    settings,
    venues,
    webhooks,
)

__all__ = ["all_pages"]


def all_pages() -> list[Endpoint]:
    modules = (
        assets,
        programme,
        event_page,
        posters,
        hold_page,
        booking_page,
        door_page,
        wallet_pages,
        ticket_page,
        find_page,
        link_pages,
        sign_in_page,
        sign_up_page,
        account_page,
        security_page,
        first_steps,
        embed,
        own_events,
        new_event,
        event_overview,
        event_change,
        presented,
        event_places,
        bookings,
        booking_places,
        counter,
        attendees,
        messages,
        settings,
        keys,
        venues,
        webhooks,
    )
    return [endpoint for module in modules for endpoint in module.routes]
