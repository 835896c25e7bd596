"""The document's schemas have domain nouns as names, so that generated clients read like the API."""

from __future__ import annotations

import json
import re

from pydantic import BaseModel

from holdfast.access.permissions import Permission
from holdfast.api.catalogue import all_endpoints
from holdfast.api.request import Request
from holdfast.http.openapi import openapi_document
from holdfast.http.routes import Routes


class TicketIn(BaseModel):
    seat: str


class TicketOut(BaseModel):
    seat: str


added = Routes(tag="tests")


@added.post("/tickets", policy=Permission.PUBLIC, response=TicketOut)
async def make_ticket(request: Request, body: TicketIn) -> TicketOut:
    return TicketOut(seat=body.seat)


def test_every_schema_is_a_noun_without_a_module_or_a_direction() -> None:
    document = openapi_document(all_endpoints())
    names = document["components"]["schemas"]
    assert {"Event", "Hold", "Booking", "HoldPage", "PlaceHold", "ArenaSeat"} <= set(names)
    for name, schema in names.items():
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name), name
        assert not name.endswith(("In", "Out")) or name == "CheckIn", name  # a check-in is a noun
        assert schema["title"] == name
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert used <= set(names)


def test_schemas_with_a_common_noun_keep_their_names() -> None:
    names = openapi_document([*added])["components"]["schemas"]
    assert {"TicketIn", "TicketOut"} <= set(names)
