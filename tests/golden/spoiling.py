"""Spoiling: a good request to every operation, and changes that make it one to refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from golden.asking import Answer, Deployment, Request, ask, entry_of
from golden.masking import Mask
from golden.walking import Document
from holdfast.access.permissions import RIGHTS
from holdfast.api.catalogue import all_endpoints
from scenarios.hostile.shop import Shop, furnish
from scenarios.hostile.targets import targets
from support.http_app import client_of

__all__ = [
    "FORMS",
    "OF_PEOPLE",
    "SPOILT",
    "WITHOUT_KEYS",
    "Refused",
    "Spoil",
    "furnished",
    "good_requests",
    "grouped",
    "refuse",
    "with_body",
]

Json = dict[str, Any]
Spoil = Callable[[Request], Request]


OF_PEOPLE = frozenset(
    endpoint.operation_id for endpoint in all_endpoints() if endpoint.openapi["tag"] == "accounts"
) | {"use_booking_link", "use_ticket_link"}
"""Operations of people who sign in, or who open a link of a mail. The scenes record their successes; their own tests
try the refusals."""

WITHOUT_KEYS = OF_PEOPLE | frozenset(
    endpoint.operation_id
    for endpoint in all_endpoints()
    if endpoint.policy in RIGHTS and not RIGHTS[endpoint.policy].scopes
)
"""Operations that no key may call. Their own tests call them in open mode; here they are only forbidden."""


FORMS = frozenset(endpoint.operation_id for endpoint in all_endpoints() if endpoint.form is not None)
"""Operations whose body is a form. `tests/api/test_token.py` tries them."""


async def furnished(deployment: Deployment) -> Shop:
    (_, key), *_ = Deployment.key_of("staff")
    async with client_of(deployment.app, authorization=key) as client:
        return await furnish(client, with_key=True)


def good_requests(shop: Shop, document: Document) -> dict[str, Request]:
    """Return a request of staff for each operation, twins included. Each would succeed."""
    found: dict[str, Request] = {}
    routes = {f"{method} {path}": operation for operation, (method, path) in document.places.items()}
    for target in targets(shop):
        operation = routes.get(target.route) or routes[_with_other_slash(target.route)]
        request = target.ask()
        headers = [(name.decode(), value.decode()) for name, value in request.headers]
        found.setdefault(
            operation,
            Request(
                method=target.method,
                path=target.path,
                query=target.query,
                headers=(*Deployment.key_of("staff"), *headers),
                body=request.body,
            ),
        )
    found |= _reads(shop, document)
    found = {operation: request for operation, request in found.items() if operation not in WITHOUT_KEYS}
    for operation in sorted(set(document.places) - set(found) - WITHOUT_KEYS - FORMS):
        method, path = document.places[operation]
        plain = found[_operation_of(document, method, path)]
        found[operation] = replace(plain, path=_with_other_slash(plain.path))
    return found


_OF_BOOKING = ("list_tickets", "get_tickets_pdf", "get_booking_calendar")
_OF_TICKET = ("get_apple_pass", "get_google_wallet_link")


def _reads(shop: Shop, document: Document) -> dict[str, Request]:
    number, token = shop.event["number"], (("hold-token", shop.hold["hold_token"]),)
    other = (("hold-token", shop.booked["hold_token"]),)
    values: dict[str, tuple[object, ...]] = {
        "get_booking": (shop.booking["id"],),
        **dict.fromkeys(_OF_BOOKING, (shop.booking["id"],)),
        **dict.fromkeys(_OF_TICKET, (shop.booking["id"], 1)),
        "get_stored_seat_map": (shop.seat_map,),
        "get_docs_file": ("holdfast.css",),
        "get_problem": ("sold_out",),
        "get_seat_history": (number, "A-2-1"),
        "get_hold": (shop.hold["id"],),
        "get_seat_map": (number, 1),
        "box_office_get_event": (shop.other["id"],),
        "ticketing_list_seats": (shop.show,),
        "ticketing_get_availability": (shop.show,),
    }
    headers = {
        "get_hold": token,
        "get_booking": other,
        **dict.fromkeys((*_OF_BOOKING, *_OF_TICKET), other),
        "get_metrics": (("accept", "application/json"),),  # its text form does not need the database
    }
    query = {"arena_list_seats": f"event_id={number}"}
    found = {}
    for operation, (method, template) in document.places.items():
        if method != "GET" or operation.endswith("_too"):
            continue
        parameters = values.get(operation, (number,) if "{" in template else ())
        _, path = document.path(operation, *parameters)
        found[operation] = Request(
            method="GET",
            path=path,
            query=query.get(operation, ""),
            headers=(*Deployment.key_of("staff"), *headers.get(operation, ())),
        )
    return found


def _operation_of(document: Document, method: str, path: str) -> str:
    places = {place: operation for operation, place in document.places.items()}
    return places[method, _with_other_slash(path)]


def _with_other_slash(path: str) -> str:
    """Return the path with the slash at its end added or removed."""
    return path[:-1] if path.endswith("/") else f"{path}/"


def _without(request: Request, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple(one for one in request.headers if one[0] not in names)


def _with(request: Request, *headers: tuple[str, str]) -> Request:
    return replace(request, headers=(*_without(request, *(name for name, _ in headers)), *headers))


def with_body(request: Request, body: bytes, kind: str = "application/json") -> Request:
    return replace(_with(request, ("content-type", kind)), body=body)


SPOILT: Mapping[str, Mapping[str, Spoil]] = {
    "bad_request": {"Host is none": lambda request: replace(request, host="a b")},
    "credentials_required": {
        "another scheme": lambda request: _with(request, ("authorization", "Basic eA==")),
        "an unknown key": lambda request: _with(request, ("authorization", f"Bearer hfk_unknown_{'s' * 43}")),
        "a guest": lambda request: replace(request, headers=_without(request, "authorization", "hold-token")),
    },
    "forbidden": {
        "a key without scopes": lambda request: replace(
            request, headers=(*Deployment.key_of("nobody"), *_without(request, "authorization", "hold-token"))
        )
    },
    "uri_too_long": {"a long query": lambda request: replace(request, query=f"a={'x' * 9_000}")},
    "headers_too_large": {"a long header": lambda request: _with(request, ("x-long", "x" * 9_000))},
    "invalid_input": {
        "a parameter twice": lambda request: replace(request, query="a=1&a=2"),
        "an array": lambda request: with_body(request, b"[1]"),
    },
    "malformed_json": {
        "no JSON": lambda request: with_body(request, b"{"),
        "a name twice": lambda request: with_body(request, b'{"a":1,"a":2}'),
    },
    "unsupported_media_type": {
        "text": lambda request: with_body(request, b"x", "text/plain"),
        "a coding": lambda request: _with(with_body(request, b"x"), ("content-encoding", "gzip")),
    },
    "body_too_large": {
        "a large body": lambda request: replace(
            _with(request, ("content-type", "application/json"), ("content-length", "33554433")), body=b"x"
        )
    },
}
"""Changes by the expected code, and by what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """How one operation refused one request."""

    operation: str
    code: str
    answer: Answer


def grouped(answers: Mapping[str, Sequence[Refused]]) -> Json:
    """Return each distinct answer once, with the operations that gave it, by what was wrong."""
    found: Json = {}
    for wrong, refusals in answers.items():
        groups: list[Json] = []
        for refused in sorted(refusals, key=lambda one: one.operation):
            entry = {"code": refused.code, "answer": entry_of(refused.answer, Mask())}
            same = next((one for one in groups if one.items() >= entry.items()), None)
            if same is None:
                groups.append(same := {"operations": [], **entry})
            same["operations"].append(refused.operation)
        found[wrong] = groups
    return found


async def refuse(
    deployment: Deployment, document: Document, operation: str, request: Request, code: str
) -> Refused | None:
    """Return the refusal of a spoilt request, or None if it succeeds. `code` is the default for bodies without one.

    Raises AssertionError if the document does not list the refusal.
    """
    answer = await ask(deployment.app, request)
    if answer.status < 400:
        return None
    found = answer.json.get("code", code)
    known = document.statuses(operation).get(found, set()) | document.statuses(operation).get(code, set())
    assert answer.status in known, f"{operation}, {code}: {answer.status} {answer.body[:300]!r}"
    return Refused(operation=operation, code=found, answer=answer)
