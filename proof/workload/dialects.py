"""Dialects: the same sale in the formats of the five documents. None of them has retry keys.

If a format does not return our id, the log has none.
"""

from __future__ import annotations

from typing import Any

import orjson

from proof.workload.calls import Call, Held, Outcome, micros
from proof.workload.events import Event
from proof.workload.wire import Request

__all__ = ["arena_book", "arena_hold", "arena_seats", "box_office_book", "box_office_event"]
__all__ += ["box_office_hold", "instant", "refusal_code", "reservation_book", "reservation_hold"]
__all__ += ["reservation_release", "show_seats"]

ARENA_SECONDS = 300

_CODES = {
    "Show not found": "event_not_found",
    "Invalid input": "invalid_input",
    "Invalid payment token": "wrong_token",
}
_SEAT_STATES = {"RESERVED": "held", "HELD": "held", "CONFIRMED": "booked"}


def refusal_code(reply: Any) -> str | None:
    """Return the code of a refusal in a document's own format, or None for any other answer."""
    return _CODES.get(reply.get("error") or "") if isinstance(reply, dict) else None


def box_office_hold(event: Event, quantity: int, *, ttl: int | None, partial: bool | None) -> Call:
    """Hold admissions of an event with one area and no seats."""
    [area] = event.areas
    body: dict[str, Any] = {"event_id": event.id, "qty": quantity}
    if ttl is not None:
        body["ttl"] = ttl
    if partial is not None:
        body["allow_partial"] = partial

    def read(reply: dict[str, Any]) -> Outcome:
        out = {
            "hold": reply["hold_id"],
            "event": reply["event_id"],
            "seats": [],
            "areas": {area: reply["qty"]},
            "placed_at": None,
            "expires_at": micros(reply["expires_at"]),
            "server_time": None,
        }
        return Outcome("ok", out=out, token=reply["payment_token"])

    given = {
        "event": event.id,
        "lines": [{"area": area, "quantity": quantity}],
        "ttl": min(ttl or event.hold_ttl, event.longest_ttl),
        "partial": bool(event.limits["allow_partial"] or partial),
        "buyer": None,
    }
    return Call(f="hold", via="box_office", given=given, request=_post("/holds", body), read=read)


def box_office_book(held: Held) -> Call:
    """Confirm any hold that has a token."""

    def read(reply: dict[str, Any]) -> Outcome:
        out = {
            "booking": reply["booking_id"],
            "hold": reply["hold_id"],
            "event": reply["event_id"],
            "seats": None,
            "areas": None,
            "confirmed_at": micros(reply["created_at"]),
        }
        return Outcome("ok", out=out)

    body = {"hold_id": held.id, "payment_token": held.token}
    return Call(f="book", via="box_office", given=held.name, request=_post("/book", body), read=read)


def box_office_event(event: Event) -> Call:
    def read(reply: dict[str, Any]) -> Outcome:
        counts = {name: reply[name] for name in ("available", "held", "booked")}
        out = {"event": reply["event_id"], "version": None, **counts, "blocked": None, "areas": {}}
        return Outcome("ok", out=out)

    request = Request("GET", f"/events/{event.id}")
    return Call(
        f="read_availability", via="box_office", given={"event": event.id}, request=request, read=read
    )


def arena_seats(event: Event) -> Call:
    """Read the seats, and keep their ids in the event."""

    def read(reply: list[dict[str, Any]]) -> Outcome:
        event.seat_ids = {seat["label"]: seat["id"] for seat in reply}
        return _taken(event, {seat["label"]: seat["status"] for seat in reply})

    request = Request("GET", f"/seats/?event_id={event.number}")
    return Call(f="read_seats", via="arena", given={"event": event.id}, request=request, read=read)


def arena_hold(event: Event, user: str, label: str) -> Call:
    def read(reply: dict[str, Any]) -> Outcome:
        return _held(event, None, [label], expires_at=reply["reserved_until"])

    request = _post(f"/seats/{_seat(event, label)}/reserve?user_id={user}", None)
    given = _one_seat(event, user, label, ARENA_SECONDS)
    return Call(f="hold", via="arena", given=given, request=request, read=read)


def arena_book(held: Held) -> Call:
    [label] = held.seats

    def read(_: dict[str, Any]) -> Outcome:
        return _booked(held.event, None, [label], {}, None)

    request = _post(f"/seats/{_seat(held.event, label)}/confirm?user_id={held.user}", None)
    given = {"hold": None, "event": held.event.id, "seats": [label]}
    return Call(f="book", via="arena", given=given, request=request, read=read)


def show_seats(event: Event) -> Call:
    def read(reply: list[dict[str, Any]]) -> Outcome:
        return _taken(event, {seat["seat_number"]: seat["status"] for seat in reply})

    request = Request("GET", f"/shows/{event.number}/availability")
    return Call(f="read_seats", via="reservations", given={"event": event.id}, request=request, read=read)


def reservation_hold(event: Event, user: str, label: str, minutes: int) -> Call:
    def read(reply: dict[str, Any]) -> Outcome:
        seats = [reply["seat_number"]]
        return _held(
            event, reply["id"], seats, placed_at=reply["created_at"], expires_at=reply["hold_expiry"]
        )

    body = {"show_id": event.number, "seat_number": label, "hold_minutes": minutes}
    return Call(
        f="hold",
        via="reservations",
        given=_one_seat(event, user, label, 60 * minutes),
        request=_post(f"/reservations/{user}/hold", body),
        read=read,
    )


def reservation_book(held: Held) -> Call:
    def read(reply: dict[str, Any]) -> Outcome:
        confirmed_at = reply["updated_at"] if reply["status"] == "CONFIRMED" else None
        return _booked(held.event, reply["id"], [reply["seat_number"]], {}, confirmed_at)

    request = _post(f"/reservations/{held.id}/confirm", None)
    return Call(f="book", via="reservations", given=held.name, request=request, read=read)


def reservation_release(held: Held) -> Call:
    """Release a reservation. The answer has its final status, which another request may have caused."""

    def read(reply: dict[str, Any]) -> Outcome:
        if reply["status"] == "EXPIRED":
            return Outcome("fail", code="hold_expired")
        return Outcome("ok", out={"hold": reply["id"], "status": "released"})

    request = _post(f"/reservations/{held.id}/release", None)
    return Call(f="release", via="reservations", given=held.name, request=request, read=read)


def instant(event: Event, quantity: int) -> Call:
    """Hold and book in one step. This format answers 200 for sold out."""
    [area] = event.areas

    def read(reply: dict[str, Any]) -> Outcome:
        if reply["message"] != "Booking CONFIRMED":
            return Outcome("fail", code="sold_out")
        attempt = reply["booking"]
        return _booked(event, None, [], {area: attempt["seat_count"]}, attempt["created_at"])

    body = {"show_id": event.number, "seat_count": quantity}
    given = {"event": event.id, "quantity": quantity}
    return Call(f="instant", via="instant", given=given, request=_post("/book", body), read=read)


def _held(
    event: Event, id: str | None, seats: list[str], *, expires_at: str, placed_at: str | None = None
) -> Outcome:
    times = {"placed_at": micros(placed_at), "expires_at": micros(expires_at), "server_time": None}
    return Outcome("ok", out={"hold": id, "event": event.id, "seats": seats, "areas": {}, **times})


def _booked(
    event: Event, hold: str | None, seats: list[str], areas: dict[str, int], confirmed_at: str | None
) -> Outcome:
    what = {"event": event.id, "seats": seats, "areas": areas, "confirmed_at": micros(confirmed_at)}
    return Outcome("ok", out={"booking": None, "hold": hold, **what})


def _taken(event: Event, states: dict[str, str]) -> Outcome:
    taken = {label: _SEAT_STATES[state] for label, state in states.items() if state != "AVAILABLE"}
    return Outcome("ok", out={"event": event.id, "version": None, "taken": taken})


def _one_seat(event: Event, user: str, label: str, seconds: int) -> dict[str, Any]:
    return {
        "event": event.id,
        "lines": [{"seats": [label]}],
        "ttl": min(seconds, event.longest_ttl),
        "partial": False,
        "buyer": user,
    }


def _seat(event: Event, label: str) -> int:
    assert event.seat_ids is not None
    return event.seat_ids[label]


def _post(path: str, body: Any) -> Request:
    return Request("POST", path, b"" if body is None else orjson.dumps(body))
