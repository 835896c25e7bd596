"""Targets of the dialects: a good request for every route of theirs that changes something."""

from __future__ import annotations

from scenarios.hostile.shop import Shop
from scenarios.hostile.target import Target

__all__ = ["dialect_targets"]


def dialect_targets(shop: Shop) -> list[Target]:
    show, reservation = str(shop.show), shop.reservation["id"]
    box_office = frozenset({400, 404})
    ticketing = frozenset({404, 422})
    instant = frozenset({400, 404})
    return [
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
