"""Target: a good request to one route, and what is known of its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus

from scenarios.hostile.asking import FORM, JSON, Ask, Header

__all__ = ["Target"]


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
    anonymous: bool = False
    """The route does not identify its caller, so it does not look at an API key."""
    is_form: bool = False
    by_owner: bool = False
    """The request is of an owner. While there is one, open mode is over."""

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
        written = b"" if chosen is None else form_of(chosen) if self.is_form else json.dumps(chosen).encode()
        written = written if raw is None else raw
        typed = FORM if self.is_form else JSON
        kind = () if any(name == b"content-type" for name, _ in headers) or not written else (typed,)
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


def form_of(members: Mapping[str, object]) -> bytes:
    """Return the members as a form. Bytes stay as they are."""
    pairs = (
        name.encode()
        + b"="
        + (value if isinstance(value, bytes) else quote_plus(str(value), errors="replace").encode())
        for name, value in members.items()
    )
    return b"&".join(pairs)
