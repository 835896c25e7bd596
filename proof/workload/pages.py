"""Pages: the same sale through the forms of the shop, by a browser without scripts.

The log has what the page shows: the seats of the hold's page, the reference on the booking's page, and for a
refusal the sentence that a person reads. A form without the page that follows is uncertain: its buyer saw nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import unescape
from typing import Any
from urllib.parse import urlencode, urljoin

from proof.workload.calls import Call, Held, Outcome, micros
from proof.workload.events import Event
from proof.workload.wire import Answer, Request

__all__ = ["CODE_OF_SENTENCE", "book", "extend", "hold", "open_event", "open_hold", "release"]

_FORM_KEY = re.compile(r'name="form_key" value="([0-9a-f-]{36})"')
_LEFT = re.compile(r"<strong data-available>([0-9]+)</strong>")
_AREA_LEFT = re.compile(r'data-area="([^"]*)">(?:([0-9]+) left|None left)<')
_COUNTDOWN = re.compile(r'data-event="([0-9]+)" data-page="[^"]*" data-now="([^"]*)" data-until="([^"]*)"')
_LINE = re.compile(r"<li><bdi>(.*?)</bdi></li>")
_WHAT = re.compile(r"<dt>What</dt><dd>(.*?)</dd>")
_BOOKED_AT = re.compile(r'<dt>Booked</dt><dd><time datetime="([^"]*)">')
_REFERENCE = re.compile(r'<h2 id="about">Booking ([^<-]*)-([^<]*)</h2>')
_QUANTITY = re.compile(r"([0-9]+) × (.*)")
_BANNER = re.compile(r'<h2 class="banner-title">(.*?)</h2>\s*<p>(.*?)</p>', re.DOTALL)
_ERROR = re.compile(r'<div class="answer[^"]*">\s*<h1>(.*?)</h1>\s*<p class="lead">(.*?)</p>', re.DOTALL)
_AT_HOLD = re.compile(r".*/my/holds/([0-9a-f-]{36})")
_AT_BOOKING = re.compile(r".*/my/bookings/([0-9a-f-]{36})")

CODE_OF_SENTENCE = {
    "Just taken|": "seat_taken",
    "Not on sale|Not on sale:": "seat_blocked",
    "Not on sale|This event": "event_not_on_sale",
    "Sold out for now|": "sold_out",
    "Not enough left|": "sold_out",
    "Not side by side|": "not_together",
    "Too many at once|": "quantity_over_limit",
    "Sales are paused|": "sales_stopped",
    "Cancelled|This event": "event_cancelled",
    "Your hold ran out|": "hold_expired",
    "Given back|": "hold_released",
    "Booked already|": "hold_already_confirmed",
    "Not found here|This browser has no such hold": "hold_not_found",
    "Sent before|": "idempotency_key_reused",
    "Very many people|": "busy",
    "One moment|We cannot sell": "unavailable",
    "One moment|Your first press": "in_progress",
    "Too many tries|": "rate_limited",
    "We lost the answer|": "outcome_unknown",
    "Who are you?|": "buyer_required",
    "No such event|": "event_not_found",
    "No such seat|": "seat_unknown",
    "No such area|": "area_unknown",
    "Not understood|": "invalid_input",
}
"""The code behind each sentence: title, then how the text begins. Any other sentence refuses nothing for certain."""


def open_event(event: Event) -> Call:
    """Open the event's page: its numbers, and the key of its forms."""

    def read(answer: Answer, _: Answer | None) -> Outcome:
        text = answer.body.decode()
        if answer.status != 200:
            return _refused(answer)
        [*left] = map(int, _LEFT.findall(text))
        areas = {unescape(name): {"available": int(count or 0)} for name, count in _AREA_LEFT.findall(text)}
        out = {"event": event.id, "version": None, "available": left[0] if left else None, "areas": areas}
        return Outcome("ok", 200, out=out, form_key=_form_key(text))

    request = Request("GET", f"/e/{event.number}")
    return _call("read_availability", {"event": event.id}, request, read)


def hold(event: Event, key: str, line: dict[str, Any]) -> Call:
    """Send a form of the event's page, under the key that the page has. `line` is in the log's form."""
    path = f"/e/{event.number}/hold"

    def read(answer: Answer, shown: Answer | None) -> Outcome:
        found = _AT_HOLD.fullmatch(answer.location)
        if answer.status != 303:
            return _refused(answer)
        text = "" if shown is None or shown.status != 200 else shown.body.decode()
        times = _COUNTDOWN.search(text)
        if found is None or times is None:
            return Outcome("info", code="not_shown")
        out = {
            "hold": found[1],
            "event": event.id if int(times[1]) == event.number else f"number {times[1]}",
            **_parts_of(_LINE.findall(text)),
            "placed_at": None,
            "expires_at": micros(times[3]),
            "server_time": None,
        }
        token = answer.cookie.partition("=")[2]
        return Outcome("ok", 303, out=out, token=token, form_key=_form_key(text))

    given = {
        "event": event.id,
        "lines": event.with_tables([line]),
        "ttl": min(event.hold_ttl, event.longest_ttl),
        "partial": bool(event.limits["allow_partial"]),
        "buyer": None,
    }
    return _form("hold", given, path, _fields(event, line), key=key, read=read, onward=_onward(path, ""))


def open_hold(held: Held) -> Call:
    """Open the hold's page, or the booking's, to which it leads."""

    def read(answer: Answer, _: Answer | None) -> Outcome:
        text = answer.body.decode()
        times = _COUNTDOWN.search(text)
        status = {200: "active", 303: "confirmed"}.get(answer.status)
        if answer.status == 410:
            status = {"hold_expired": "expired", "hold_released": "released"}.get(_refused(answer).code or "")
        if status is None or (status == "active" and times is None):
            return _refused(answer)
        return Outcome("ok", answer.status, out={"hold": held.id, "status": status}, form_key=_form_key(text))

    request = Request("GET", f"/my/holds/{held.id}", cookie=_cookie(held))
    return _call("read_hold", held.name, request, read)


def extend(held: Held) -> Call:
    """Press "Keep longer", at most once for a hold: the page shows the last expiry, not that of this press."""

    def read(answer: Answer, shown: Answer | None) -> Outcome:
        times = _COUNTDOWN.search(_text_of(shown))
        if answer.status != 303:
            return _refused(answer)
        if _AT_BOOKING.fullmatch(answer.location):
            return Outcome("fail", 303, code="hold_already_confirmed")
        if times is None:
            return Outcome("info", code="not_shown")
        return Outcome("ok", 303, out={"hold": held.id, "expires_at": micros(times[3]), "server_time": None})

    return _press("extend", held, read, ttl=held.event.hold_ttl)


def release(held: Held) -> Call:
    def read(answer: Answer, _: Answer | None) -> Outcome:
        if answer.status != 303:
            return _refused(answer)
        if _AT_BOOKING.fullmatch(answer.location):
            return Outcome("fail", 303, code="hold_already_confirmed")
        return Outcome("ok", 303, out={"hold": held.id, "status": "released"})

    return _press("release", held, read)


def book(held: Held, key: str) -> Call:
    """Send name and e-mail, and read the booking that the page leads to."""

    def read(answer: Answer, shown: Answer | None) -> Outcome:
        if answer.status != 303:
            return _refused(answer)
        booking, text = _AT_BOOKING.fullmatch(answer.location), _text_of(shown)
        reference, what, at = _REFERENCE.search(text), _WHAT.search(text), _BOOKED_AT.search(text)
        if not (booking and reference and what and at):
            return Outcome("info", code="not_shown")
        out = {
            "booking": booking[1],
            "reference": reference[1] + reference[2],
            "hold": None,
            "event": None,
            **_parts_of(what[1].split("; ")),
            "confirmed_at": micros(at[1]),
        }
        return Outcome("ok", 303, out=out)

    path = f"/my/holds/{held.id}/confirm"
    fields = {"name": held.user, "email": "buyer@example.org"}
    return _form(
        "book", held.name, path, fields, key=key, read=read, onward=_onward(path, _cookie(held)), held=held
    )


def _press(f: str, held: Held, read: Callable[[Answer, Answer | None], Outcome], **more: Any) -> Call:
    """Press a button of the hold's page."""
    path = f"/my/holds/{held.id}/{f}"
    onward = _onward(path, _cookie(held)) if f == "extend" else None
    return _form(f, {**held.name, **more}, path, {}, key=held.form_key, read=read, onward=onward, held=held)


def _call(f: str, given: dict[str, Any], request: Request, read: Any, **more: Any) -> Call:
    return Call(f=f, via="pages", given=given, request=request, read=_no_json, read_page=read, **more)


def _form(
    f: str,
    given: dict[str, Any],
    path: str,
    fields: Any,
    *,
    key: str,
    read: Callable[[Answer, Answer | None], Outcome],
    onward: Callable[[Answer], Request | None] | None,
    held: Held | None = None,
) -> Call:
    cookie = "" if held is None else _cookie(held)
    request = Request("POST", path, urlencode(fields).encode(), cookie=cookie, is_form=True)
    return _call(f, given, request, read, is_keyed=True, key=key, onward=onward)


def _fields(event: Event, line: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the fields of the form that a person would fill in for this line."""
    if "seats" in line:
        return [("seat", label) for label in line["seats"]]
    if "best" in line:
        fields = [("together", str(line["best"])), ("category", line["category"] or "")]
        return [*fields, ("accessible", "true")] if line.get("accessible") else fields
    quantities = {line["area"]: line["quantity"]}
    return [
        pair for area in event.areas for pair in (("area", area), ("quantity", str(quantities.get(area, 0))))
    ]


def _onward(path: str, cookie: str) -> Callable[[Answer], Request | None]:
    """Return what a browser does after the form: it follows the redirect, with all its cookies."""

    def follow(answer: Answer) -> Request | None:
        if answer.status != 303:
            return None
        cookies = "; ".join(each for each in (cookie, answer.cookie) if each)
        return Request("GET", urljoin(path, answer.location), cookie=cookies)

    return follow


def _refused(answer: Answer) -> Outcome:
    """Return the refusal that the page's sentence means; `info` without a sentence that is certain."""
    text = answer.body.decode()
    found = _BANNER.search(text) or _ERROR.search(text)
    said = "" if found is None else unescape(f"{found[1]}|{found[2]}")
    code = next((code for start, code in CODE_OF_SENTENCE.items() if said.startswith(start)), None)
    is_unknown = code in (None, "outcome_unknown") or answer.status < 400
    if is_unknown or (answer.status >= 500 and code not in ("busy", "unavailable")):
        return Outcome("info", answer.status, code=code or "unreadable")
    return Outcome("fail", answer.status, code=code)


def _parts_of(lines: Iterable[str]) -> dict[str, Any]:
    """Return the seats, and the quantities by area, as the page lists them."""
    seats: list[str] = []
    areas: dict[str, int] = {}
    for line in map(unescape, lines):
        counted = _QUANTITY.fullmatch(line)
        if counted is not None:
            areas[counted[2]] = areas.get(counted[2], 0) + int(counted[1])
        else:
            seats += line.removeprefix("Seats ").removeprefix("Seat ").split(", ")
    return {"seats": seats, "areas": areas}


def _text_of(shown: Answer | None) -> str:
    return "" if shown is None or shown.status != 200 else shown.body.decode()


def _cookie(held: Held) -> str:
    return f"hold-{held.id.replace('-', '')}={held.token}"


def _form_key(text: str) -> str:
    found = _FORM_KEY.search(text)
    return "" if found is None else found[1]


def _no_json(_: Any) -> Outcome:
    raise ValueError("a page is no JSON")
