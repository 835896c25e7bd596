"""The layer: what every request passes, and what every answer carries."""

from __future__ import annotations

from typing import Literal

import pytest
from http_surface import client_of, layer_of

from holdfast.api.exchange import Exchange, Reply, StreamReply
from holdfast.api.openapi import openapi_document
from holdfast.api.policy import Policy
from holdfast.api.routes import SEAT_MAP_LIMIT, Routes
from holdfast.api.values import Cursor, EventPath, EventRef, In, Limit, Name, Time
from holdfast.domain.errors import EventNotFound, SeatTaken

routes = Routes(tag="tests")


class LineIn(In):
    quantity: int


class HoldIn(In):
    event: EventRef
    lines: list[LineIn]
    name: Name | None = None
    until: Time | None = None


class HoldOut(In):
    event: EventRef
    quantity: int


@routes.post("/v1/holds", policy=Policy.PUBLIC, status=201, errors=[SeatTaken])
async def place_hold(exchange: Exchange, body: HoldIn) -> HoldOut:
    if body.name == "taken":
        raise SeatTaken("Seat A-1 is taken.", label="A-1")
    return HoldOut(event=body.event, quantity=sum(line.quantity for line in body.lines))


@routes.get("/v1/events/{event}", policy=Policy.PUBLIC, errors=[EventNotFound])
async def get_event(
    exchange: Exchange, event: EventPath, since: int | None = None, all: bool = False
) -> Reply:  # noqa: A002
    return Reply(body=repr((event, since, all)).encode(), content_type=b"text/plain; charset=utf-8")


async def test_smoke():
    async with client_of(layer_of(routes)) as http:
        r = await http.post("/v1/holds", json={"event": 7, "lines": [{"quantity": 2}, {"quantity": 3}]})
        print(r.status_code, r.text, r.headers)
        r = await http.post(
            "/v1/holds", json={"event": True, "lines": [{"quantity": "2"}, {"quantity": 3.0, "x": 1}]}
        )
        print(r.status_code, r.text, r.headers)
        r = await http.post("/v1/holds", json={"event": 7, "name": "taken", "lines": []})
        print(r.status_code, r.text, r.headers)
        r = await http.get("/v1/events/7?since=3&all=true")
        print(r.status_code, r.text, r.headers)
        r = await http.get("/v1/events/7?since=1_0&foo=true")
        print(r.status_code, r.text, r.headers)
        r = await http.get("/v1/events/x")
        print(r.status_code, r.text, r.headers)
        r = await http.delete("/v1/events/x")
        print(r.status_code, r.text, r.headers)
    import json

    print(json.dumps(openapi_document(routes), indent=1)[:6000])
