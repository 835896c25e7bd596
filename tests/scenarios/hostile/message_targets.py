"""Targets of messages: a good request for each route that writes to buyers, and for that which names another one."""

from __future__ import annotations

from scenarios.hostile.shop import Shop
from scenarios.hostile.target import Target

__all__ = ["message_targets"]


def message_targets(shop: Shop) -> list[Target]:
    number = str(shop.event["number"])
    return [
        Target(
            route="POST /v1/bookings/{booking}/transfer",
            path=f"/v1/bookings/{shop.booking['id']}/transfer",
            names=(shop.booking["id"],),
            staff=True,
            body={"buyer": {"name": "Mary", "email": "mary@example.org"}, "language": "de"},
            fields={"buyer/name": "text", "buyer/email": "email", "language": "word"},
        ),
        Target(
            route="POST /v1/events/{event}/messages",
            path=f"/v1/events/{number}/messages",
            names=(number,),
            staff=True,
            body={"subject": "Doors", "paragraphs": ["At seven.", "Welcome."]},
            fields={"subject": "text", "paragraphs": "array", "paragraphs/1": "paragraph"},
        ),
        Target(
            route="POST /v1/events/{event}/messages/preview",
            path=f"/v1/events/{number}/messages/preview",
            names=(number,),
            staff=True,
            body={"subject": "Doors", "paragraphs": ["At seven."]},
            fields={"subject": "text", "paragraphs": "array", "paragraphs/0": "paragraph"},
        ),
    ]
