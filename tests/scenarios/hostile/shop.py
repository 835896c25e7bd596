"""A shop with one of each resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2

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
    cookie: str = ""
    """A session of the user; empty where the server has keys."""
    show: int = 0
    seats: list[Json] = field(default_factory=list)
    reservation: Json = field(default_factory=dict)

    @classmethod
    def blank(cls) -> Shop:
        """Return a shop without a database, to count the targets."""
        nothing = {"id": "", "number": 1, "hold_token": "", "reference": ""}
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
    shop.booking = await confirm(client, shop.booked, buyer={"email": "ada@example.org"})
    shop.block = await post(f"/v1/events/{shop.event['number']}/blocks", {"seats": ["A-2-5"]})
    hall = {"labels": ["A1", "A2"]}
    shop.seat_map = (await post("/v1/seat-maps", {"name": "Hall", "seat_map": hall}))["id"]
    if not with_key:
        shop.webhook = (await post("/v1/webhooks", {"url": "https://shop.example/hook"}))["id"]
        shop.delivery = (await post(f"/v1/webhooks/{shop.webhook}/test", None))["id"]
    user = {"name": "Ada", "phone_number": "1", "email": "ada@example.org", "password": "analytical engine"}
    shop.user = (await post("/users/", user))["id"]
    if not with_key:
        signed_in = await client.post(
            "/v1/sessions", json={name: user[name] for name in ("email", "password")}
        )
        shop.cookie = signed_in.headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
    show = {"title": "Hamlet", "venue": "Globe", "starts_at": "2026-11-05T19:30:00Z"}
    shop.show = (await post("/shows/", show))["id"]
    shop.seats = await post(f"/shows/{shop.show}/seats", ["B1", "B2", "B3"])
    wanted = {"seat_id": shop.seats[0]["id"], "hold_minutes": 10}
    shop.reservation = await post(f"/reservations/{shop.user}/hold", wanted)
    return shop
