"""Google Wallet: a ticket as a link that adds it to a phone.

The link has the ticket itself, signed with the key of a service account (RS256). So the server never calls Google.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import Event
from holdfast.tickets.ticket import Ticket, address_of
from holdfast.tickets.wall_clock import start_at_venue
from holdfast.tickets.wallets.wallet_file import read_wallet_file
from holdfast.tickets.wallets.wallet_texts import ADDRESS

__all__ = ["WalletAccount", "google_wallet_link", "load_wallet_account"]

_SAVE = "https://pay.google.com/gp/v/save/"
_INK = "#121e30"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletAccount:
    """A service account of Google. `issuer` is the number that Google gave to who issues the tickets."""

    email: str
    key: RSAKey
    issuer: str


def load_wallet_account(file: Path, issuer: str = "") -> WalletAccount:
    """Return the account of a file that Google's console made. Raises ValueError, which says what is wrong."""
    try:
        found = orjson.loads(read_wallet_file(file))
    except orjson.JSONDecodeError:
        raise ValueError("must name the JSON file of a service account") from None
    if not isinstance(found, dict) or found.get("type") != "service_account":
        raise ValueError("must name the JSON file of a service account")
    email, pem = found.get("client_email"), found.get("private_key")
    if not isinstance(email, str) or not isinstance(pem, str):
        raise ValueError("must have `client_email` and `private_key`")
    try:
        key = RSAKey.import_key(pem)
        is_private = key.is_private
    except (JoseError, ValueError, TypeError):
        is_private = False
    if not is_private:
        raise ValueError("must have an RSA key as `private_key`")
    return WalletAccount(email=email, key=key, issuer=issuer)


def google_wallet_link(
    account: WalletAccount, seller: str, booking: Booking, event: Event, ticket: Ticket
) -> str:
    """Return the link that adds a valid ticket. It lets its bearer in, as the code does."""
    kind = f"{account.issuer}.{event.id}"
    claims = {
        "iss": account.email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(time.time()),
        "payload": {
            "eventTicketClasses": [_event_class(kind, seller, event)],
            "eventTicketObjects": [_ticket_object(kind, account.issuer, booking, ticket)],
        },
    }
    return _SAVE + jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, account.key, algorithms=["RS256"])


def _event_class(id: str, seller: str, event: Event) -> dict[str, Any]:
    starts = start_at_venue(event)
    made: dict[str, Any] = {
        "id": id,
        "issuerName": seller,
        "reviewStatus": "UNDER_REVIEW",
        "eventName": _text(event.name),
    }
    if starts is not None:
        made["dateTime"] = {"start": starts.isoformat(timespec="seconds")}
    if event.venue is not None:  # Google wants an address with the name
        made["venue"] = {"name": _text(event.venue), "address": _text(event.venue)}
    return made


def _ticket_object(kind: str, issuer: str, booking: Booking, ticket: Ticket) -> dict[str, Any]:
    """Return the ticket. Google keeps the first object of an id, so each revision has an id of its own."""
    made: dict[str, Any] = {
        "id": f"{issuer}.{booking.id}-{ticket.number}-{ticket.revision}",
        "classId": kind,
        "state": "ACTIVE",
        "barcode": {"type": "QR_CODE", "value": ticket.code, "alternateText": ticket.reference},
        "ticketNumber": ticket.reference,
        "reservationInfo": {"confirmationCode": booking.reference},
        "hexBackgroundColor": _INK,
    }
    places = {ADDRESS[name]: _text(value) for name, value in address_of(ticket.admission)}
    if "area" in places:
        places["section"] = places.pop("area")
    if places:
        made["seatInfo"] = places
    if ticket.admission.category is not None:
        made["ticketType"] = _text(ticket.admission.category)
    if booking.buyer_name is not None:
        made["ticketHolderName"] = booking.buyer_name
    return made


def _text(value: str) -> Mapping[str, Any]:
    """Return a text as it is written by the seller, who says no language."""
    return {"defaultValue": {"language": "und", "value": value}}
