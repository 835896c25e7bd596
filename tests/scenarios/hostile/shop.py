"""A shop with one of each resource, and a good request for every route that changes something."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from scenarios.hostile.asking import JSON, Ask, Header
from support.http_sales import SEATS, confirm, make_event, place

Json = dict[str, Any]


@dataclass(slots=True)
class Shop:
    """The ids and tokens that the good requests need."""

    event: Json = field(default_factory=dict)
    draft: Json = field(default_factory=dict)
    other: Json = field(default_factory=dict)
    """Another event, which stands for another organiser's."""
    hold: Json = field(default_factory=dict)
    foreign: Json = field(default_factory=dict)
    """A live hold of the other event."""
    booking: Json = field(default_factory=dict)
    booked: Json = field(default_factory=dict)
    """The hold that became the booking."""
    block: Json = field(default_factory=dict)
    seat_map: str = ""
    webhook: str = ""
    delivery: str = ""
    user: int = 0
    show: int = 0
    seats: list[Json] = field(default_factory=list)
    reservation: Json = field(default_factory=dict)

    @classmethod
    def blank(cls) -> Shop:
        """Return a shop without a database, to count the targets."""
        nothing = {"id": "", "number": 1, "hold_token": ""}
        return cls(
            event=nothing,
            draft=nothing,
            other=nothing,
            hold=nothing,
            foreign=nothing,
            booking=nothing,
            booked=nothing,
            block=nothing,
            seats=[nothing] * 3,
            reservation=nothing,
        )


async def furnish(client: httpx2.AsyncClient, *, with_key: bool = False) -> Shop:
    """Create two events with sales, a draft, a block, and a user and a reservation of dialect 3.

    Without a key, also make a webhook, which no key may do.
    """

    async def post(path: str, body: Any) -> Any:
        answer = await client.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    shop = Shop()
    areas = [{"name": "general", "capacity": 20}]
    shop.event = await make_event(client, areas=areas, seat_map=SEATS, max_per_hold=None)
    shop.draft = await make_event(client, status="draft")
    shop.other = await make_event(client, capacity=20)
    shop.hold = await place(client, shop.event, {"quantity": 2, "area": "general"})
    shop.foreign = await place(client, shop.other)
    shop.booked = await place(client, shop.event, {"seats": ["A-2-1"]})
    shop.booking = await confirm(client, shop.booked)
    shop.block = await post(f"/v1/events/{shop.event['number']}/blocks", {"seats": ["A-2-5"]})
    hall = {"labels": ["A1", "A2"]}
    shop.seat_map = (await post("/v1/seat-maps", {"name": "Hall", "seat_map": hall}))["id"]
    if not with_key:
        shop.webhook = (await post("/v1/webhooks", {"url": "https://shop.example/hook"}))["id"]
        shop.delivery = (await post(f"/v1/webhooks/{shop.webhook}/test", None))["id"]
    user = {"name": "Ada", "phone_number": "1", "email": "ada@example.org", "password": "analytical engine"}
    shop.user = (await post("/users/", user))["id"]
    show = {"title": "Hamlet", "venue": "Globe", "starts_at": "2026-11-05T19:30:00Z"}
    shop.show = (await post("/shows/", show))["id"]
    shop.seats = await post(f"/shows/{shop.show}/seats", ["B1", "B2", "B3"])
    wanted = {"seat_id": shop.seats[0]["id"], "hold_minutes": 10}
    shop.reservation = await post(f"/reservations/{shop.user}/hold", wanted)
    return shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A good request to a route.

    `fields` names the kind of each member of the body, by its path. The kind decides which values are wrong.
    `refusals` are the statuses with which the route may refuse a member of the body.
    """

    route: str
    path: str
    body: Any = None
    fields: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    names: tuple[str, ...] = ()
    """The values in the path that name a resource. The tests replace each of them."""
    refusals: frozenset[int] = frozenset({422})
    staff: bool = False
    large: bool = False

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def may_be_empty(self) -> bool:
        """Whether the body is optional, because the token is in a header."""
        return bool(self.headers)

    @property
    def is_dialect(self) -> bool:
        return not self.route.partition(" ")[2].startswith("/v1/")

    @property
    def own_headers(self) -> tuple[Header, ...]:
        return tuple((name.encode(), value.encode()) for name, value in self.headers.items())

    def ask(self, body: Any = ..., *, headers: tuple[Header, ...] = (), raw: bytes | None = None) -> Ask:
        """Return the good request, or one with another body or more headers. `raw` is sent unchanged."""
        chosen = self.body if body is ... else body
        written = b"" if chosen is None else json.dumps(chosen).encode()
        written = written if raw is None else raw
        kind = () if any(name == b"content-type" for name, _ in headers) or not written else (JSON,)
        return Ask(
            method=self.method,
            path=self.path.encode(),
            query=self.query.encode(),
            headers=(*self.own_headers, *kind, *headers),
            body=written,
        )

    def ask_at(self, name: str, other: bytes) -> Ask:
        """Return the good request with one value of the path replaced."""
        request = self.ask()
        return replace(request, path=request.path.replace(b"/" + name.encode(), b"/" + other, 1))


def targets(shop: Shop) -> list[Target]:
    """Return a target for every POST and PATCH. A test compares this list with the catalogue."""
    number, token = str(shop.event["number"]), {"hold-token": shop.hold["hold_token"]}
    hold, show = shop.hold["id"], str(shop.show)
    box_office = frozenset({400, 404})
    ticketing = frozenset({404, 422})
    instant = frozenset({400, 404})
    reservation = shop.reservation["id"]
    return [
        Target(
            route="POST /v1/events",
            path="/v1/events",
            staff=True,
            large=True,
            body={
                "name": "Concert",
                "venue": "Hall",
                "time_zone": "Europe/Berlin",
                "starts_at": "2027-01-01T20:00:00Z",
                "on_sale_at": "2026-01-01T20:00:00Z",
                "off_sale_at": "2028-01-01T20:00:00Z",
                "areas": [{"name": "floor", "capacity": 10, "category": "standing"}],
                "seat_map": {"sections": [{"name": "A", "rows": 1, "seats_per_row": 2, "category": "x"}]},
                "hold_ttl_seconds": 60,
                "max_hold_ttl_seconds": 600,
                "max_per_hold": 4,
                "max_per_buyer": 4,
                "allow_partial": False,
                "status": "published",
                "metadata": {"order": "1815"},
            },
            fields={
                "name": "text",
                "venue": "text",
                "time_zone": "zone",
                "starts_at": "time",
                "on_sale_at": "time",
                "off_sale_at": "time",
                "areas": "array",
                "areas/0": "object",
                "areas/0/name": "text",
                "areas/0/capacity": "capacity",
                "areas/0/category": "text",
                "seat_map": "object",
                "seat_map/sections": "array",
                "seat_map/sections/0/name": "label",
                "seat_map/sections/0/rows": "count",
                "seat_map/sections/0/seats_per_row": "count",
                "hold_ttl_seconds": "count",
                "max_hold_ttl_seconds": "count",
                "max_per_hold": "count",
                "max_per_buyer": "count",
                "allow_partial": "bool",
                "status": "word",
                "metadata": "object",
            },
        ),
        Target(
            route="PATCH /v1/events/{event}",
            path=f"/v1/events/{number}",
            names=(number,),
            staff=True,
            large=True,
            body={
                "name": "Another",
                "venue": "Hall",
                "time_zone": "Europe/Berlin",
                "starts_at": "2027-01-01T20:00:00Z",
                "on_sale_at": "2026-01-01T20:00:00Z",
                "off_sale_at": "2028-01-01T20:00:00Z",
                "areas": [{"id": 1, "name": "general", "capacity": 30, "closed": False}],
                "categories": [{"name": "standard", "add": True}],
                "seat_map": {"labels": ["Z-1-1"]},
                "hold_ttl_seconds": 60,
                "max_hold_ttl_seconds": 600,
                "max_per_hold": 4,
                "allow_partial": False,
            },
            fields={
                "name": "text",
                "venue": "text",
                "time_zone": "zone",
                "starts_at": "time",
                "on_sale_at": "time",
                "off_sale_at": "time",
                "areas": "array",
                "areas/0/id": "count",
                "areas/0/name": "text",
                "areas/0/capacity": "capacity",
                "areas/0/closed": "bool",
                "categories": "array",
                "categories/0/name": "text",
                "seat_map": "object",
                "seat_map/labels": "array",
                "seat_map/labels/0": "label",
                "hold_ttl_seconds": "count",
                "max_hold_ttl_seconds": "count",
                "max_per_hold": "count",
                "allow_partial": "bool",
            },
        ),
        *(
            Target(
                route=f"POST /v1/events/{{event}}/{verb}",
                path=f"/v1/events/{event['number']}/{verb}",
                names=(str(event["number"]),),
                staff=True,
            )
            for verb, event in [
                ("publish", shop.draft),
                ("cancel", shop.other),
                ("stop", shop.event),
                ("resume", shop.event),
            ]
        ),
        Target(
            route="POST /v1/events/{event}/blocks",
            path=f"/v1/events/{number}/blocks",
            names=(number,),
            staff=True,
            body={"area": "general", "quantity": 1, "reason": "camera"},
            fields={"area": "text", "quantity": "count", "reason": "text"},
        ),
        Target(
            route="POST /v1/events/{event}/blocks",
            path=f"/v1/events/{number}/blocks",
            staff=True,
            body={"seats": ["A-1-5"]},
            fields={"seats": "array", "seats/0": "label"},
        ),
        Target(
            route="POST /v1/seat-maps",
            path="/v1/seat-maps",
            staff=True,
            large=True,
            body={"name": "Hall", "seat_map": {"labels": ["A1", "A2"]}},
            fields={"name": "text", "seat_map/labels": "array", "seat_map/labels/0": "label"},
        ),
        Target(
            route="POST /v1/seat-maps/{seat_map}/versions",
            path=f"/v1/seat-maps/{shop.seat_map}/versions",
            names=(shop.seat_map,),
            staff=True,
            large=True,
            body={"name": "Hall", "seat_map": {"labels": ["A1"]}},
            fields={"name": "text", "seat_map/labels": "array"},
        ),
        Target(
            route="POST /v1/webhooks",
            path="/v1/webhooks",
            staff=True,
            body={"url": "https://shop.example/hook", "kinds": ["hold.placed"], "description": "Shop"},
            fields={"url": "word", "kinds": "array", "kinds/0": "word", "description": "text"},
        ),
        Target(
            route="PATCH /v1/webhooks/{webhook}",
            path=f"/v1/webhooks/{shop.webhook}",
            names=(shop.webhook,),
            staff=True,
            body={
                "url": "https://shop.example/hook",
                "kinds": ["hold.placed"],
                "description": "Shop",
                "status": "enabled",
            },
            fields={
                "url": "word",
                "kinds": "array",
                "kinds/0": "word",
                "description": "text",
                "status": "word",
            },
        ),
        *(
            Target(
                route=f"POST /v1/webhooks/{{webhook}}/{verb}",
                path=f"/v1/webhooks/{shop.webhook}/{verb}",
                names=(shop.webhook,),
                staff=True,
            )
            for verb in ("rotate", "test")
        ),
        Target(
            route="POST /v1/webhooks/{webhook}/deliveries/{delivery}/retry",
            path=f"/v1/webhooks/{shop.webhook}/deliveries/{shop.delivery}/retry",
            names=(shop.webhook, shop.delivery),
            staff=True,
        ),
        Target(
            route="POST /v1/events/{event}/blocks/{block}/lift",
            path=f"/v1/events/{number}/blocks/{shop.block['id']}/lift",
            names=(number, shop.block["id"]),
            staff=True,
        ),
        Target(
            route="POST /v1/events/{event}/holds/{hold}/release",
            path=f"/v1/events/{number}/holds/{hold}/release",
            names=(number, hold),
            staff=True,
        ),
        Target(
            route="POST /v1/holds",
            path="/v1/holds",
            body={
                "event": int(number),
                "lines": [{"quantity": 1, "area": "general"}, {"seats": ["A-1-1"]}],
                "ttl_seconds": 60,
                "allow_partial": False,
                "buyer": {"reference": "customer-81"},
            },
            refusals=frozenset({404, 422}),
            fields={
                "event": "id",
                "lines": "array",
                "lines/0": "object",
                "lines/0/quantity": "count",
                "lines/0/area": "text",
                "lines/1/seats": "array",
                "lines/1/seats/0": "label",
                "ttl_seconds": "count",
                "allow_partial": "bool",
                "buyer": "buyer",
                "buyer/reference": "text",
            },
        ),
        Target(
            route="POST /v1/holds",
            path="/v1/holds",
            body={
                "event": shop.event["id"],
                "lines": [{"best_available": 2, "category": "stalls", "together": True}],
            },
            refusals=frozenset({404, 422}),
            fields={
                "event": "id",
                "lines/0/best_available": "count",
                "lines/0/category": "text",
                "lines/0/together": "bool",
            },
        ),
        Target(
            route="POST /v1/holds/{hold}/extend",
            path=f"/v1/holds/{hold}/extend",
            names=(hold,),
            body={"ttl_seconds": 900},
            headers=token,
            fields={"ttl_seconds": "count", "hold_token": "other_token"},
        ),
        Target(
            route="PATCH /v1/holds/{hold}",
            path=f"/v1/holds/{hold}",
            names=(hold,),
            body={"metadata": {"order": "1815"}, "hold_token": shop.hold["hold_token"]},
            refusals=frozenset({404, 422}),
            fields={"metadata": "object", "hold_token": "token"},
        ),
        Target(
            route="PATCH /v1/bookings/{booking}",
            path=f"/v1/bookings/{shop.booking['id']}",
            names=(shop.booking["id"],),
            body={"metadata": {"order": "1815"}, "hold_token": shop.booked["hold_token"]},
            refusals=frozenset({404, 422}),
            fields={"metadata": "object", "hold_token": "token"},
        ),
        Target(
            route="POST /v1/bookings",
            path="/v1/bookings",
            body={
                "hold": hold,
                "hold_token": shop.hold["hold_token"],
                "buyer": {"name": "Ada", "email": "ada@example.org"},
            },
            refusals=frozenset({404, 422}),
            fields={
                "hold": "id",
                "hold_token": "token",
                "buyer": "buyer",
                "buyer/name": "text",
                "buyer/email": "email",
            },
        ),
        Target(
            route="POST /v1/bookings/{booking}/cancel",
            path=f"/v1/bookings/{shop.booking['id']}/cancel",
            names=(shop.booking["id"],),
            headers={"hold-token": shop.booked["hold_token"]},
            body={},
            fields={"hold_token": "other_token"},
        ),
        Target(
            route="POST /v1/holds/{hold}/release",
            path=f"/v1/holds/{shop.foreign['id']}/release",
            names=(shop.foreign["id"],),
            headers={"hold-token": shop.foreign["hold_token"]},
            body={},
            fields={"hold_token": "other_token"},
        ),
        Target(
            route="POST /events",
            path="/events",
            staff=True,
            body={"name": "Concert", "total_seats": 10, "partial_fulfillment": False},
            refusals=box_office,
            fields={"name": "text", "total_seats": "count", "partial_fulfillment": "bool"},
        ),
        Target(
            route="POST /holds",
            path="/holds",
            body={"event_id": shop.other["id"], "qty": 1, "ttl": 60, "allow_partial": False},
            refusals=box_office,
            fields={"event_id": "id", "qty": "count", "ttl": "seconds", "allow_partial": "bool"},
        ),
        Target(
            route="POST /book",
            path="/book",
            body={"hold_id": shop.foreign["id"], "payment_token": shop.foreign["hold_token"]},
            refusals=box_office,
            fields={"hold_id": "id", "payment_token": "token"},
        ),
        Target(
            route="POST /book",
            path="/book",
            body={"show_id": shop.other["number"], "seat_count": 1},
            refusals=instant,
            fields={"show_id": "id", "seat_count": "seat_count"},
        ),
        Target(
            route="POST /admin/show",
            path="/admin/show",
            staff=True,
            body={"name": "Film", "start_time": "2024-03-25T18:00:00Z", "total_seats": 10},
            refusals=instant,
            fields={"name": "text", "start_time": "lenient_time", "total_seats": "count"},
        ),
        Target(
            route="POST /seats/{seat_id}/reserve",
            path=f"/seats/{shop.seats[1]['id']}/reserve",
            query="user_id=81",
            names=(str(shop.seats[1]["id"]),),
            staff=True,
        ),
        Target(
            route="POST /seats/{seat_id}/confirm",
            path=f"/seats/{shop.seats[0]['id']}/confirm",
            query=f"user_id={shop.user}",
            names=(str(shop.seats[0]["id"]),),
            staff=True,
        ),
        Target(
            route="POST /users/",
            path="/users/",
            staff=True,
            body={
                "name": "Bob",
                "phone_number": "2",
                "email": "bob@example.org",
                "password": "analytical engine",
            },
            refusals=ticketing,
            fields={"name": "text", "phone_number": "text", "email": "email", "password": "password"},
        ),
        Target(
            route="POST /shows/",
            path="/shows/",
            staff=True,
            body={"title": "Hamlet", "venue": "Globe", "starts_at": "2026-11-05T19:30:00Z"},
            refusals=ticketing,
            fields={"title": "text", "venue": "text", "starts_at": "lenient_time"},
        ),
        Target(
            route="POST /shows/{show_id}/seats",
            path=f"/shows/{show}/seats",
            names=(show,),
            staff=True,
            large=True,
            body={"seats": ["C1"]},
            refusals=ticketing,
            fields={"seats": "array", "seats/0": "label"},
        ),
        Target(
            route="POST /reservations/{user_id}/hold",
            path=f"/reservations/{shop.user}/hold",
            names=(str(shop.user),),
            staff=True,
            body={"show_id": shop.show, "seat_number": "B3", "hold_minutes": 10},
            refusals=ticketing,
            fields={"show_id": "id", "seat_number": "label", "hold_minutes": "count"},
        ),
        Target(
            route="POST /reservations/{user_id}/hold",
            path=f"/reservations/{shop.user}/hold",
            staff=True,
            body={"seat_id": shop.seats[2]["id"]},
            refusals=ticketing,
            fields={"seat_id": "id"},
        ),
        *(
            Target(
                route=f"POST /reservations/{{reservation_id}}/{verb}",
                path=f"/reservations/{reservation}/{verb}",
                names=(reservation,),
                staff=True,
            )
            for verb in ("release", "confirm")
        ),
    ]
