"""Apple pass: a ticket as a signed `.pkpass`, which a phone adds to Apple Wallet.

It is an archive of `pass.json`, its pictures and its texts by language. The manifest has the SHA-1 of each file, as
Apple's format demands, and the signature is over the manifest. A ticket keeps its serial number when it is issued
again, so a phone replaces the pass before by the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha1
from importlib.resources import files
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson

from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import Event
from holdfast.languages import LANGUAGES
from holdfast.tickets.ticket import Ticket, address_of
from holdfast.tickets.wall_clock import start_at_venue
from holdfast.tickets.wallets.pass_certificate import PassCertificate
from holdfast.tickets.wallets.wallet_texts import ADDRESS, wallet_texts

__all__ = ["apple_pass"]

_PICTURES = ("icon.png", "icon@2x.png", "icon@3x.png", "logo.png", "logo@2x.png", "logo@3x.png")
_INK, _PAPER, _MUTED = "rgb(18, 30, 48)", "rgb(255, 255, 255)", "rgb(184, 193, 204)"
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


def apple_pass(
    certificate: PassCertificate,
    seller: str,
    booking: Booking,
    event: Event,
    ticket: Ticket,
    *,
    is_void: bool,
) -> bytes:
    """Return the pass of a ticket. A void one has no code, and the phone crosses it out."""
    content: dict[str, bytes] = {
        "pass.json": orjson.dumps(_pass(certificate, seller, booking, event, ticket, is_void=is_void)),
        **_pictures(),
    }
    for language in LANGUAGES.values():
        content[f"{language.code}.lproj/pass.strings"] = _strings(wallet_texts(event, ticket, language))
    manifest = orjson.dumps({name: sha1(file).hexdigest() for name, file in content.items()})  # noqa: S324 - the format
    content["manifest.json"] = manifest
    content["signature"] = certificate.sign(manifest)
    archive = BytesIO()
    with ZipFile(archive, "w") as packed:
        for name, file in content.items():
            packed.writestr(ZipInfo(name, _FIRST_DAY), file, ZIP_DEFLATED)
    return archive.getvalue()


def _pass(
    certificate: PassCertificate,
    seller: str,
    booking: Booking,
    event: Event,
    ticket: Ticket,
    *,
    is_void: bool,
) -> dict[str, Any]:
    starts = start_at_venue(event)
    made: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": certificate.pass_type,
        "teamIdentifier": certificate.team,
        "serialNumber": ticket.reference,
        "groupingIdentifier": str(event.id),
        "organizationName": seller,
        "logoText": seller,
        "description": "pass.about",
        "backgroundColor": _INK,
        "foregroundColor": _PAPER,
        "labelColor": _MUTED,
        "eventTicket": _fields(booking, event, ticket),
    }
    if starts is not None:
        made["relevantDate"] = starts.isoformat(timespec="seconds")
    if is_void or ticket.code is None:
        return {**made, "voided": True}
    code = {
        "format": "PKBarcodeFormatQR",
        "message": ticket.code,
        "messageEncoding": "iso-8859-1",
        "altText": ticket.reference,
    }
    return {**made, "barcodes": [code]}


def _fields(booking: Booking, event: Event, ticket: Ticket) -> Mapping[str, Any]:
    starts = start_at_venue(event)
    number = f"{booking.reference[:4]}-{booking.reference[4:]}"
    when = {"dateStyle": "PKDateStyleMedium", "timeStyle": "PKDateStyleShort", "ignoresTimeZone": True}
    back = [_field("number", "pass.ticket", "pass.number"), _field("booking", "pass.booking", number)]
    if booking.buyer_name is not None:
        back.append(_field("name", "pass.name", booking.buyer_name))
    return {
        "headerFields": [{"key": "test", "value": "pass.test"}] if ticket.rehearsal else [],
        "primaryFields": [{"key": "event", "value": event.name}],
        "secondaryFields": [
            *([] if starts is None else [{**_field("starts", "pass.starts", starts.isoformat()), **when}]),
            *([] if event.venue is None else [_field("venue", "pass.venue", event.venue)]),
        ],
        "auxiliaryFields": [
            *_address(ticket),
            *(
                []
                if ticket.admission.category is None
                else [_field("category", "pass.category", ticket.admission.category)]
            ),
        ],
        "backFields": [*back, _field("once", "pass.good_to_know", "pass.once")],
    }


def _address(ticket: Ticket) -> Iterable[Mapping[str, str]]:
    for name, value in address_of(ticket.admission):
        yield _field(ADDRESS[name], f"pass.{ADDRESS[name]}", value)


def _field(key: str, label: str, value: str) -> dict[str, Any]:
    return {"key": key, "label": label, "value": value}


def _strings(texts: Mapping[str, str]) -> bytes:
    """Return texts in the form of Apple's files of strings."""
    return "".join(f'"{key}" = "{_escaped(text)}";\n' for key, text in texts.items()).encode()


def _escaped(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
    return "".join(escapes.get(character, character) for character in text)


@cache
def _pictures() -> Mapping[str, bytes]:
    folder = files("holdfast.tickets.wallets") / "images"
    return {name: (folder / name).read_bytes() for name in _PICTURES}
