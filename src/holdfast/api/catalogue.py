"""Catalogue of routes: `/v1`, the five dialects, and their OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import holdfast
from holdfast.api import dialects, v1
from holdfast.http.openapi import document_routes
from holdfast.http.routes import Endpoint, Routes

TAGS = {
    "events": "What is sold: one dated occurrence, its rules, and its states from draft to cancelled.",
    "seats": "Numbered seats: which are taken, the seat map, and the history of each.",
    "seat maps": "Seat maps of venues, stored once for many events. A version never changes.",
    "availability": "How many admissions are left: now, since a version, or at a past moment; and as a stream.",
    "holds": "A buyer's exclusive, timed claim. Its token is the proof.",
    "bookings": "The confirmed sale of a hold.",
    "tickets": "One document for each admission of a booking, with a signed code for the door.",
    "check-ins": "Scans of tickets at the doors of an event, and the rules of its doors.",
    "blocks": "Admissions that the organiser took off sale.",
    "keys": "API keys, by which programs prove who they are.",
    "webhooks": "Receivers of notices, and the notices of an event to catch up with.",
    "dialect 1: box office": "The wire format of the documents 000 and 001.",
    "dialects 1 and 4: book": "One route for two formats; the body decides which.",
    "dialect 2: arena": "The wire format of the document 002.",
    "dialect 3: ticketing": "The wire format of the document 003.",
    "dialect 4: instant booking": "The wire format of the document 004.",
    "accounts": "People who sign in: buyers, and members of an organisation.",
    "service": "The server itself.",
}
"""In the document's order. A test checks that the tag of every route is here."""

ABOUT: Mapping[str, Any] = {
    "title": "Holdfast",
    "version": holdfast.__version__,
    "summary": "A ticket booking engine: many buyers, scarce admissions, none sold twice.",
    "description": "Money and payments are not here: a booking is the fact that an admission is someone's. "
    "The dialects, which are the wire formats of older systems, have a document of their own: "
    "`dialects/openapi.json`.",
    "contact": {"name": "The Holdfast authors"},
    "servers": [{"url": ".", "description": "The server of this document."}],
    "license_info": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "openapi_tags": [{"name": name, "description": text} for name, text in TAGS.items()],
}
"""The document's own members."""

ABOUT_DIALECTS: Mapping[str, Any] = {
    **ABOUT,
    "title": "Holdfast: dialects",
    "description": "Each path also answers without the slash at its end, or with one.",
    "servers": [{"url": "..", "description": "The server of this document."}],
}
"""The members of the dialects' document."""


def all_endpoints() -> list[Endpoint]:
    """Return every route of `routes` in the modules of `api/v1` and `api/dialects`."""
    endpoints: list[Endpoint] = []
    for package in (v1, dialects):
        for module in sorted(iter_modules(package.__path__), key=lambda each: each.name):
            routes = getattr(import_module(f"{package.__name__}.{module.name}"), "routes", None)
            if isinstance(routes, Routes):
                endpoints.extend(routes)
    return [*endpoints, *document_routes]
