"""Calls: a client's requests to `/v1`, and how it reads the answers, in the words of the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from proof.workload.events import Event
from proof.workload.wire import Answer, Request

__all__ = ["Call", "Held", "Outcome", "book", "cancel", "extend", "hold", "line_of", "micros", "parts_of"]
__all__ += ["read_availability", "read_booking", "read_hold", "read_seats", "release"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Outcome:
    """The result of one request, as far as its client knows."""

    res: str
    status: int | None = None
    code: str | None = None
    out: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False
    token: str = ""
    """The token of a new hold; no log contains it."""
    form_key: str = ""
    """The key in the forms of the shown page; each attempt of the next form has it."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One logical operation before it is sent."""

    f: str
    via: str
    given: dict[str, Any]
    request: Request
    read: Callable[[Any], Outcome]
    """Parses the JSON of a 2xx answer."""
    is_keyed: bool = False
    key: str = ""
    """The key that the page's form has; else the client makes one."""
    onward: Callable[[Answer], Request | None] | None = None
    """Returns the page to which the answer to a form leads."""
    read_page: Callable[[Answer, Answer | None], Outcome] | None = None
    """Reads the answer to a form, and the page that it led to, instead of JSON."""


@dataclass(slots=True, kw_only=True)
class Held:
    """A hold that a client knows."""

    id: str
    event: Event
    user: str
    via: str
    token: str
    seats: list[str]
    areas: dict[str, int]
    expires_at: int | None
    """Microseconds of the server's clock."""
    booking: str | None = None
    form_key: str = ""
    """The key in the forms of its page, if the client opened it."""

    @property
    def name(self) -> dict[str, Any]:
        return {"hold": self.id, "event": self.event.id}


def hold(
    event: Event,
    lines: list[dict[str, Any]],
    *,
    ttl: int | None,
    partial: bool | None,
    buyer: str | None,
    is_own: bool = False,
) -> Call:
    """Request a hold. `lines` are in the log's form; `given` has the effective values, including defaults.

    `is_own`: a signed-in buyer asks, so the request names none.
    """
    body: dict[str, Any] = {"event": event.number, "lines": [line_of(line) for line in lines]}
    if ttl is not None:
        body["ttl_seconds"] = ttl
    if partial is not None:
        body["allow_partial"] = partial
    if buyer is not None and not is_own:
        body["buyer"] = buyer
    given = {
        "event": event.id,
        "lines": event.with_tables(lines),
        "ttl": min(ttl or event.hold_ttl, event.longest_ttl),
        "partial": bool(event.limits["allow_partial"] if partial is None else partial),
        "buyer": buyer,
    }
    return Call(f="hold", via="v1", given=given, request=_post("/v1/holds", body), read=_held, is_keyed=True)


def extend(held: Held, ttl: int | None) -> Call:
    body = {} if ttl is None else {"ttl_seconds": ttl}
    return Call(
        f="extend",
        via="v1",
        given={**held.name, "ttl": ttl or held.event.hold_ttl},
        request=_post(f"/v1/holds/{held.id}/extend", body, token=held.token),
        read=_extended,
        is_keyed=True,
    )


def release(held: Held) -> Call:
    return Call(
        f="release",
        via="v1",
        given=held.name,
        request=_post(f"/v1/holds/{held.id}/release", {}, token=held.token),
        read=_hold_status,
        is_keyed=True,
    )


def book(held: Held, *, token: str | None = None) -> Call:
    """Confirm with the hold's token, or with a wrong one."""
    return Call(
        f="book",
        via="v1",
        given=held.name,
        request=_post("/v1/bookings", {"hold": held.id}, token=token or held.token),
        read=_booked,
        is_keyed=True,
    )


def cancel(held: Held) -> Call:
    return Call(
        f="cancel",
        via="v1",
        given={"booking": held.booking, **held.name},
        request=_post(f"/v1/bookings/{held.booking}/cancel", {}, token=held.token),
        read=_booking_status,
        is_keyed=True,
    )


def read_hold(held: Held) -> Call:
    return _get("read_hold", held.name, f"/v1/holds/{held.id}", _hold_status, token=held.token)


def read_booking(held: Held) -> Call:
    given = {"booking": held.booking, **held.name}
    return _get("read_booking", given, f"/v1/bookings/{held.booking}", _booking_status, token=held.token)


def read_availability(event: Event) -> Call:
    path = f"/v1/events/{event.number}/availability"
    return _get("read_availability", {"event": event.id}, path, _availability)


def read_seats(event: Event) -> Call:
    return _get("read_seats", {"event": event.id}, f"/v1/events/{event.number}/seats", _seats)


def micros(text: str | None) -> int | None:
    """Return microseconds since the epoch."""
    return None if text is None else (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND


def parts_of(lines: list[dict[str, Any]]) -> tuple[list[str], dict[str, int]]:
    """Return the seats, and the quantities by area, of an answer's lines."""
    seats: list[str] = []
    areas: dict[str, int] = {}
    for line in lines:
        if "seats" in line:
            seats += line["seats"]
        else:
            areas[line["area"]] = areas.get(line["area"], 0) + line["quantity"]
    return seats, areas


def line_of(line: dict[str, Any]) -> dict[str, Any]:
    if "best" not in line:
        return line
    found = {"best_available": line["best"], "together": line["together"]}
    if line.get("accessible"):
        found["accessible"] = True
    return {**found, "category": line["category"]} if line["category"] else found


def _post(path: str, body: dict[str, Any], *, token: str = "") -> Request:
    return Request("POST", path, orjson.dumps(body), token=token)


def _get(
    f: str,
    given: dict[str, Any],
    path: str,
    read: Callable[[Any], Outcome],
    *,
    token: str = "",
) -> Call:
    return Call(f=f, via="v1", given=given, request=Request("GET", path, token=token), read=read)


def _held(reply: dict[str, Any]) -> Outcome:
    seats, areas = parts_of(reply["lines"])
    out = {
        "hold": reply["id"],
        "event": reply["event"],
        "seats": seats,
        "areas": areas,
        "placed_at": micros(reply["placed_at"]),
        "expires_at": micros(reply["expires_at"]),
        "server_time": micros(reply["server_time"]),
    }
    return Outcome("ok", out=out, token=reply["hold_token"])


def _extended(reply: dict[str, Any]) -> Outcome:
    times = {name: micros(reply[name]) for name in ("expires_at", "server_time")}
    return Outcome("ok", out={"hold": reply["id"], **times})


def _hold_status(reply: dict[str, Any]) -> Outcome:
    seats, areas = parts_of(reply["lines"])
    facts = {name: reply[name] for name in ("event", "status", "booking")}
    times = {name: micros(reply[name]) for name in ("expires_at", "server_time")}
    return Outcome("ok", out={"hold": reply["id"], **facts, "seats": seats, "areas": areas, **times})


def _booked(reply: dict[str, Any]) -> Outcome:
    seats, areas = parts_of(reply["lines"])
    out = {
        "booking": reply["id"],
        "reference": reply["reference"],
        "hold": reply["hold"],
        "event": reply["event"],
        "seats": seats,
        "areas": areas,
        "confirmed_at": micros(reply["confirmed_at"]),
    }
    return Outcome("ok", out=out)


def _booking_status(reply: dict[str, Any]) -> Outcome:
    seats, areas = parts_of(reply["lines"])
    facts = {name: reply[name] for name in ("reference", "hold", "event", "status")}
    return Outcome("ok", out={"booking": reply["id"], **facts, "seats": seats, "areas": areas})


def _availability(reply: dict[str, Any]) -> Outcome:
    counts = ("available", "held", "booked", "blocked")
    out = {
        "event": reply["event"],
        "version": reply["version"],
        **{name: reply[name] for name in counts},
        "areas": {area["name"]: {name: area[name] for name in counts} for area in reply["areas"]},
    }
    return Outcome("ok", out=out)


def _seats(reply: dict[str, Any]) -> Outcome:
    taken = {seat["label"]: seat["status"] for seat in reply["items"]}
    return Outcome("ok", out={"event": reply["event"], "version": reply["version"], "taken": taken})
