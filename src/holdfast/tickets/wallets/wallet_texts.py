"""Wallet texts: what a pass says besides the ticket's own values, in each language of the server."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.inventory.rules.event import Event
from holdfast.languages import Language
from holdfast.tickets.ticket import Ticket

__all__ = ["ADDRESS", "wallet_texts"]

ADDRESS = {"Section": "section", "Row": "row", "Seat": "seat", "Area": "area"}
"""The key of each part of a ticket's address, by its English name."""


def wallet_texts(event: Event, ticket: Ticket, language: Language) -> Mapping[str, str]:
    """Return the texts by the keys that the pass has in their places."""
    return {
        "pass.about": language.gettext("Ticket for %(event)s", event=event.name),
        "pass.starts": language.gettext("Starts"),
        "pass.venue": language.gettext("Venue"),
        "pass.section": language.gettext("Section"),
        "pass.row": language.gettext("Row"),
        "pass.seat": language.gettext("Seat"),
        "pass.area": language.gettext("Area"),
        "pass.category": language.gettext("Category"),
        "pass.name": language.gettext("Name"),
        "pass.booking": language.gettext("Booking"),
        "pass.ticket": language.gettext("Ticket"),
        "pass.number": language.gettext("%(number)s of %(of)s", number=ticket.number, of=ticket.of),
        "pass.once": language.gettext("One code lets in one person, once."),
        "pass.test": language.gettext("TEST: does not open the door"),
        "pass.good_to_know": language.gettext("Good to know"),
    }
