"""Cases: each row of `bad_inputs.yaml` applied to each route, with the refusal that it must get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from scenarios.hostile import rows
from scenarios.hostile.asking import FORM, JSON, Ask, Header
from scenarios.hostile.target import Target

KINDS = {
    "events": ("POST /v1/events", "PATCH /v1/events/{event}"),
    "states of events": tuple(
        f"POST /v1/events/{{event}}/{verb}" for verb in ("publish", "cancel", "stop", "resume")
    ),
    "blocks": (
        "POST /v1/events/{event}/blocks",
        "POST /v1/events/{event}/blocks/{block}/lift",
        "POST /v1/events/{event}/holds/{hold}/release",
    ),
    "seat maps": ("POST /v1/seat-maps", "POST /v1/seat-maps/{seat_map}/versions"),
    "webhooks": (
        "POST /v1/webhooks",
        "PATCH /v1/webhooks/{webhook}",
        "DELETE /v1/webhooks/{webhook}",
        "POST /v1/webhooks/{webhook}/rotate",
        "POST /v1/webhooks/{webhook}/test",
        "POST /v1/webhooks/{webhook}/deliveries/{delivery}/retry",
    ),
    "keys": ("POST /v1/keys", "POST /v1/keys/{key}/rotate", "POST /v1/keys/{key}/revoke"),
    "holds": ("POST /v1/holds",),
    "a buyer's own hold": (
        "PATCH /v1/holds/{hold}",
        "POST /v1/holds/{hold}/extend",
        "POST /v1/holds/{hold}/release",
    ),
    "bookings": (
        "POST /v1/bookings",
        "PATCH /v1/bookings/{booking}",
        "POST /v1/bookings/{booking}/cancel",
        "POST /v1/bookings/{booking}/exchange",
        "POST /v1/bookings/{booking}/transfer",
        "POST /v1/bookings/{booking}/mail",
        "POST /v1/events/{event}/messages",
        "POST /v1/events/{event}/messages/preview",
    ),
    "presentations": (
        "PATCH /v1/events/{event}/presentation",
        "PUT /v1/events/{event}/poster",
        "DELETE /v1/events/{event}/poster",
    ),
    "tickets": (
        "POST /v1/bookings/{booking}/tickets/{ticket}/reissue",
        "POST /v1/events/{event}/tickets/check",
        "POST /v1/events/{event}/check-ins",
        "PATCH /v1/events/{event}/door",
        "POST /v1/booking-links",
        "POST /v1/booking-links/use",
        "POST /v1/ticket-links/use",
    ),
    "dialect 1": ("POST /events", "POST /holds", "POST /book"),
    "dialect 2": ("POST /seats/{seat_id}/reserve", "POST /seats/{seat_id}/confirm"),
    "dialect 3": (
        "POST /users/",
        "POST /shows/",
        "POST /shows/{show_id}/seats",
        "POST /reservations/{user_id}/hold",
        "POST /reservations/{reservation_id}/release",
        "POST /reservations/{reservation_id}/confirm",
    ),
    "dialect 4": ("POST /admin/show", "POST /book"),
    "sessions": (
        "POST /v1/sessions",
        "DELETE /v1/sessions",
        "DELETE /v1/sessions/current",
        "DELETE /v1/me/sessions/{session}",
        "POST /v1/token",
        "POST /v1/sessions/passkey/options",
        "POST /v1/sessions/passkey",
    ),
    "accounts": (
        "POST /v1/accounts",
        "POST /v1/accounts/confirm",
        "PATCH /v1/me",
        "POST /v1/address-changes/confirm",
        "POST /v1/password-resets",
        "POST /v1/password-resets/confirm",
        "POST /v1/sign-in-links",
        "POST /v1/sign-in-links/use",
        "POST /v1/setup",
    ),
    "second factors": (
        "POST /v1/me/second-factor",
        "POST /v1/me/second-factor/confirm",
        "POST /v1/me/second-factor/recovery-codes",
        "POST /v1/me/second-factor/remove",
        "POST /v1/me/passkey-options",
        "POST /v1/me/passkeys",
        "PATCH /v1/me/passkeys/{passkey}",
        "DELETE /v1/me/passkeys/{passkey}",
    ),
    "members": (
        "PATCH /v1/organisations/{organisation}",
        "POST /v1/organisations/{organisation}/invitations",
        "POST /v1/invitations/accept",
        "PATCH /v1/organisations/{organisation}/members/{member}",
        "DELETE /v1/organisations/{organisation}/members/{member}",
    ),
}
"""Kinds of writing routes. Each kind has at least 400 cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request, and its refusal. `code` and `pointer` are empty where a dialect has its own form of an error."""

    name: str
    request: Ask
    statuses: frozenset[int]
    code: str = ""
    pointer: str = ""
    is_elsewhere: bool = False
    """The path names another route, or none."""


def cases(target: Target) -> Iterator[Case]:
    """Return every case of a route that a connection can carry as it is."""
    yield from _members(target)
    yield from _bodies(target)
    yield from _paths(target)
    yield from _heads(target)


def _members(target: Target) -> Iterator[Case]:
    if target.is_form:
        yield from _form_members(target)
        return
    for path, kind in target.fields.items():
        for name, value in rows.WRONG[kind].items():
            yield _member(
                target, f"{path}: {name}", with_member(target.body, path, value), target.refusals, path
            )
    if target.body is None:
        return
    for name, raw in rows.NOT_AN_OBJECT.items():
        if name == "null" and target.may_be_empty:
            continue
        if name.startswith("an array") and target.route == "POST /shows/{show_id}/seats":
            continue  # this route takes an array too
        code = "" if target.is_dialect else "invalid_input"
        yield Case(
            name=f"body: {name}", request=target.ask(raw=raw), statuses=target.refusals - {404}, code=code
        )
    if target.is_dialect:
        return
    for name, value in rows.MASS_ASSIGNMENT.items():
        if name not in target.body:
            yield _member(target, f"member {name!r}", {**target.body, name: value}, frozenset({422}), name)
    for path, kind in target.fields.items():
        if kind in ("object", "buyer") and path not in ("seat_map", "metadata"):
            member = {**member_of(target.body, path), "owner_id": 1}
            changed = with_member(target.body, path, member)
            yield _member(target, f"{path}/owner_id", changed, frozenset({422}), path)


def _form_members(target: Target) -> Iterator[Case]:
    for path, kind in target.fields.items():
        values = rows.UNREADABLE_FORM_VALUES | (rows.WRONG_FORM_VALUES if kind == "form" else {})
        for name, value in values.items():
            yield _case_of_form(target, f"{path}: {name}", target.ask({**target.body, path: value}))
    for name, raw in rows.BROKEN_FORMS.items():
        yield _case_of_form(target, f"form: {name}", target.ask(raw=raw))


def _case_of_form(target: Target, name: str, request: Ask) -> Case:
    return Case(name=name, request=request, statuses=target.refusals)


def _member(target: Target, name: str, body: Any, statuses: frozenset[int], path: str) -> Case:
    request = target.ask(body)
    if target.is_dialect:
        return Case(name=name, request=request, statuses=statuses)
    pointer = f"/{path}" if path.isprintable() else ""  # a name that no pointer can have
    return Case(name=name, request=request, statuses=statuses, code="invalid_input", pointer=pointer)


def _bodies(target: Target) -> Iterator[Case]:
    code = "" if target.is_dialect else "malformed_json"
    for name, raw in {} if target.is_form else rows.BROKEN_JSON.items():
        yield Case(name=name, request=target.ask(raw=raw), statuses=frozenset({400}), code=code)
    for name, status, headers in body_heads(target):
        if status == 415:
            request = target.ask(raw=b'{"a": 1}', headers=tuple(headers))
            yield Case(name=name, request=request, statuses=frozenset({415}), code="unsupported_media_type")
    if not target.large:
        for name, raw in (("more than 64 KB", b'{"a":"' + b"a" * 65_536 + b'"}'),):
            yield Case(
                name=name, request=target.ask(raw=raw), statuses=frozenset({413}), code="body_too_large"
            )
    if not target.large and not target.is_form:
        many = b'{"a": [' + b"1," * 1_000 + b"1]}"
        statuses = target.refusals | {400, 422} - {404}
        yield Case(name="1,001 items", request=target.ask(raw=many), statuses=statuses)


def _paths(target: Target) -> Iterator[Case]:
    good = target.ask()

    def elsewhere(name: str, request: Ask, *statuses: int) -> Case:
        return Case(name=name, request=request, statuses=frozenset(statuses), is_elsewhere=True)

    for value in target.names:
        for name, other in rows.PATH_VALUES.items():
            yield elsewhere(
                f"{value}: {name}", target.ask_at(value, other), rows.PATH_STATUSES.get(name, 404)
            )
    for suffix in (b"//", b"/.", b"/..", b"/%2e%2e", b";a=b", b"%00", b".json", b"/x", b"%20", b"%2f"):
        # 405 if a GET reads the suffix as an id.
        statuses = (400,) if suffix == b"%00" else (404, 405)
        yield elsewhere(f"{suffix!r} behind", replace(good, path=good.path + suffix), *statuses)
    for before in (b"/", b"/v1/.."):
        yield elsewhere(f"{before!r} before", replace(good, path=before + good.path), 404)


def _heads(target: Target) -> Iterator[Case]:
    good = target.ask()
    for name, status, headers in wrong_heads(target):
        if not any(
            b"\0" in value for _, value in headers
        ):  # the parser of heads refuses these for all routes
            request = replace(good, headers=(*good.headers, *headers))
            yield Case(name=name, request=request, statuses=frozenset({status}))
    if target.method == "POST":
        for name, headers in rows.RETRY_KEYS.items():
            request = replace(good, headers=(*good.headers, *headers))
            yield Case(
                name=f"retry key: {name}", request=request, statuses=frozenset({400}), code="bad_request"
            )
    for name, (status, query) in rows.QUERIES.items():
        if target.is_dialect and status == 422:
            continue  # the dialects ignore unknown parameters
        joined = target.query.encode() + b"&" * bool(target.query) + query
        code = "invalid_input" if status == 422 else ""
        if target.is_form and status == 422:
            status, code = 400, ""  # noqa: PLW2901 - a form's errors have another form
        request = replace(good, query=joined)
        yield Case(name=f"query: {name}", request=request, statuses=frozenset({status}), code=code)
    if target.staff:
        for name, header in rows.FORWARDED.items():
            request = replace(good, headers=(*good.headers, header))
            yield Case(name=name, request=request, statuses=frozenset({401}), code="credentials_required")


def wrong_heads(target: Target) -> Iterator[tuple[str, int, Sequence[Header]]]:
    """Return the heads that a route refuses, with the status, apart from credentials that it does not look at."""
    for name, (status, headers) in rows.HEADERS.items():
        given = [value.lower() for header, value in headers if header == b"authorization"]
        is_key = target.anonymous and given and given[0].startswith(b"bearer")
        if len(given) == 1 and status in (400, 401) and (is_key or target.is_form):
            continue
        yield name, status, headers


def body_heads(target: Target) -> Iterator[tuple[str, int, Sequence[Header]]]:
    """Return the heads of a body that a route refuses. For a form, JSON and the form change places."""
    other = {JSON: FORM, FORM: JSON} if target.is_form else {}
    for name, (status, headers) in rows.BODY_HEADERS.items():
        yield name, status, [other.get(each, each) for each in headers]


def member_of(body: Any, path: str) -> Any:
    for part in path.split("/"):
        body = body[int(part) if part.isdecimal() else part]
    return body


def with_member(body: Any, path: str, value: Any) -> Any:
    """Return the body with another value at the path."""
    changed = deepcopy(body)
    before, _, last = path.rpartition("/")
    at = member_of(changed, before) if before else changed
    at[int(last) if last.isdecimal() else last] = value
    return changed
