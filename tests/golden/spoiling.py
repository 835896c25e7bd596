"""Spoiling: a good request to every operation, and what makes each of them one that is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from golden.asking import Asked, Heard, House, ask, entry_of
from golden.masking import Mask
from golden.walking import Document
from scenarios.hostile.shop import Shop, furnish, targets
from support.http_app import client_of

__all__ = ["SPOILT", "Refused", "Spoil", "furnished", "good_requests", "grouped", "refuse", "with_body"]

Json = dict[str, Any]
Spoil = Callable[[Asked], Asked]


async def furnished(house: House) -> Shop:
    (_, key), *_ = House.key_of("staff")
    async with client_of(house.app, authorization=key) as client:
        return await furnish(client)


def good_requests(shop: Shop, document: Document) -> dict[str, Asked]:
    """By operation, twins included. Each would succeed, as staff."""
    found: dict[str, Asked] = {}
    routes = {f"{method} {path}": operation for operation, (method, path) in document.places.items()}
    for target in targets(shop):
        operation = routes.get(target.route) or routes[_turned(target.route)]
        asked = target.ask()
        headers = [(name.decode(), value.decode()) for name, value in asked.headers]
        found.setdefault(
            operation,
            Asked(
                method=target.method,
                path=target.path,
                query=target.query,
                headers=(*House.key_of("staff"), *headers),
                body=asked.body,
            ),
        )
    found |= _reads(shop, document)
    for operation in sorted(set(document.places) - set(found)):
        method, path = document.places[operation]
        plain = found[_operation_of(document, method, path)]
        found[operation] = replace(plain, path=_turned(plain.path))
    return found


def _reads(shop: Shop, document: Document) -> dict[str, Asked]:
    number, token = shop.event["number"], (("hold-token", shop.hold["hold_token"]),)
    other = (("hold-token", shop.booked["hold_token"]),)
    values: dict[str, tuple[object, ...]] = {
        "get_booking": (shop.booking["id"],),
        "get_docs_file": ("holdfast.css",),
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
        "get_metrics": (("accept", "application/json"),),  # its text can do without the database
    }
    query = {"arena_list_seats": f"event_id={number}"}
    found = {}
    for operation, (method, template) in document.places.items():
        if method != "GET" or operation.endswith("_too"):
            continue
        given = values.get(operation, (number,) if "{" in template else ())
        _, path = document.path(operation, *given)
        found[operation] = Asked(
            method="GET",
            path=path,
            query=query.get(operation, ""),
            headers=(*House.key_of("staff"), *headers.get(operation, ())),
        )
    return found


def _operation_of(document: Document, method: str, path: str) -> str:
    places = {place: operation for operation, place in document.places.items()}
    return places[method, _turned(path)]


def _turned(path: str) -> str:
    """With the other slash at its end."""
    return path[:-1] if path.endswith("/") else f"{path}/"


def _without(asked: Asked, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple(one for one in asked.headers if one[0] not in names)


def _with(asked: Asked, *headers: tuple[str, str]) -> Asked:
    return replace(asked, headers=(*_without(asked, *(name for name, _ in headers)), *headers))


def with_body(asked: Asked, body: bytes, kind: str = "application/json") -> Asked:
    return replace(_with(asked, ("content-type", kind)), body=body)


SPOILT: Mapping[str, Mapping[str, Spoil]] = {
    "bad_request": {"Host is none": lambda asked: replace(asked, host="a b")},
    "credentials_required": {
        "another scheme": lambda asked: _with(asked, ("authorization", "Basic eA==")),
        "an unknown key": lambda asked: _with(asked, ("authorization", f"Bearer hfk_unknown_{'s' * 43}")),
        "a guest": lambda asked: replace(asked, headers=_without(asked, "authorization", "hold-token")),
    },
    "forbidden": {
        "a key without scopes": lambda asked: replace(
            asked, headers=(*House.key_of("nobody"), *_without(asked, "authorization", "hold-token"))
        )
    },
    "uri_too_long": {"a long query": lambda asked: replace(asked, query=f"a={'x' * 9_000}")},
    "headers_too_large": {"a long header": lambda asked: _with(asked, ("x-long", "x" * 9_000))},
    "invalid_input": {
        "a parameter twice": lambda asked: replace(asked, query="a=1&a=2"),
        "an array": lambda asked: with_body(asked, b"[1]"),
    },
    "malformed_json": {
        "no JSON": lambda asked: with_body(asked, b"{"),
        "a name twice": lambda asked: with_body(asked, b'{"a":1,"a":2}'),
    },
    "unsupported_media_type": {
        "text": lambda asked: with_body(asked, b"x", "text/plain"),
        "a coding": lambda asked: _with(with_body(asked, b"x"), ("content-encoding", "gzip")),
    },
    "body_too_large": {
        "a large body": lambda asked: replace(
            _with(asked, ("content-type", "application/json"), ("content-length", "33554433")), body=b"x"
        )
    },
}
"""By the code that is to be expected, and by what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """How one operation refused one request."""

    operation: str
    code: str
    answer: Heard


def grouped(heard: Mapping[str, Sequence[Refused]]) -> Json:
    """By what was wrong: each distinct answer once, with the operations that gave it."""
    found: Json = {}
    for wrong, refusals in heard.items():
        groups: list[Json] = []
        for refused in sorted(refusals, key=lambda one: one.operation):
            entry = {"code": refused.code, "answer": entry_of(refused.answer, Mask())}
            same = next((one for one in groups if one.items() >= entry.items()), None)
            if same is None:
                groups.append(same := {"operations": [], **entry})
            same["operations"].append(refused.operation)
        found[wrong] = groups
    return found


async def refuse(house: House, document: Document, operation: str, asked: Asked, code: str) -> Refused | None:
    """The refusal of a spoilt request; None where the operation takes it. `code` is for bodies that name none.

    Raises: AssertionError for a refusal that the document does not list.
    """
    answer = await ask(house.app, asked)
    if answer.status < 400:
        return None
    found = answer.json.get("code", code)
    known = document.statuses(operation).get(found, set()) | document.statuses(operation).get(code, set())
    assert answer.status in known, f"{operation}, {code}: {answer.status} {answer.body[:300]!r}"
    return Refused(operation=operation, code=found, answer=answer)
