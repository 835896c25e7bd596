"""Calls: a request and the function that reads its answer. No input or output happens here.

Each function of `catalogue`, `inventory` and `sales` makes one; `Client` and `AsyncClient` send it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from json import JSONDecodeError, dumps, loads
from typing import Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

from holdfast_client.error_answers import error_of
from holdfast_client.errors import BadAnswer, Unsendable
from holdfast_client.models import Block, Booking, Event, Hold, Page
from holdfast_client.reading import read

T = TypeVar("T")
_Owned = TypeVar("_Owned", Hold, Booking)

EventRef: TypeAlias = Event | UUID | int | str
"""An event, its id, or its number."""

HoldRef: TypeAlias = Hold | UUID | str
BookingRef: TypeAlias = Booking | UUID | str
BlockRef: TypeAlias = Block | UUID | str
Token: TypeAlias = Hold | Booking | str
"""A hold token, or an object that has it."""


class Unchanged(Enum):
    """A marker for an argument that leaves its member unchanged; None would clear the member."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer of the server."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    """May have a token, so that no representation shows it."""

    @property
    def retry_after_seconds(self) -> float | None:
        """`Retry-After`, given in seconds or as a date; None if it is missing or invalid."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())

    def json(self) -> Any:
        """Return the decoded body. Raises BadAnswer if it is not JSON."""
        try:
            return loads(self.content)
        except (JSONDecodeError, UnicodeDecodeError, RecursionError):
            raise BadAnswer(
                f"The answer {self.status} is not JSON: check the address (HOLDFAST_URL or `url`).",
                status=self.status,
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One use of the API. `repeatable`: a second attempt cannot act twice."""

    method: str
    path: str
    read: Callable[[Answer], T]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    idempotency_key: str | None = field(default=None, repr=False)
    understood: frozenset[int] = frozenset()
    """Statuses that `read` accepts besides 2xx."""
    repeatable: bool = True
    follows_redirect: bool = False

    def result(self, answer: Answer) -> T:
        """Return the value of the answer. Raises HoldfastError."""
        request_id = answer.headers.get("x-request-id")
        if 200 <= answer.status < 300 or answer.status in self.understood:
            try:
                return self.read(answer)
            except BadAnswer as error:  # the server has done it: the key reads it again
                error.status, error.request_id = answer.status, request_id
                error.idempotency_key = self.idempotency_key
                raise
        try:
            document = answer.json()
        except BadAnswer:
            document = None
        raise error_of(
            answer.status,
            document,
            request_id=request_id,
            idempotency_key=self.idempotency_key,
            retry_after_seconds=answer.retry_after_seconds,
        )


def get(
    path: str,
    read_answer: Callable[[Answer], T],
    *,
    query: Mapping[str, Any] | None = None,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
    understood: Iterable[int] = (),
    follows_redirect: bool = False,
) -> Call[T]:
    return Call(
        method="GET",
        path=path,
        read=read_answer,
        query=_query(query or {}),
        headers={**_token_header(token), **(headers or {})},
        understood=frozenset(understood),
        follows_redirect=follows_redirect,
    )


def post(
    path: str,
    read_answer: Callable[[Answer], T],
    *,
    body: Mapping[str, Any] | None = None,
    token: str | None = None,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Call[T]:
    """Make a POST with one Idempotency-Key, which all attempts of this call share."""
    key = sendable(key, "The Idempotency-Key") if key else str(uuid4())
    return Call(
        method="POST",
        path=path,
        read=read_answer,
        headers={**_token_header(token), "idempotency-key": key, **_JSON, **(headers or {})},
        content=encode(body or {}),
        idempotency_key=key,
    )


def patch(
    path: str,
    read_answer: Callable[[Answer], T],
    *,
    body: Mapping[str, Any],
    token: str | None = None,
    repeatable: bool = False,
) -> Call[T]:
    """Make a PATCH. No key guards it, so it is sent once unless a repeat changes nothing more."""
    return Call(
        method="PATCH",
        path=path,
        read=read_answer,
        headers={**_JSON, **_token_header(token)},
        content=encode(body),
        repeatable=repeatable,
    )


def put(path: str, read_answer: Callable[[Answer], T], *, body: Mapping[str, Any]) -> Call[T]:
    """Make a PUT. It sets the whole, so a repeat changes nothing more."""
    return Call(method="PUT", path=path, read=read_answer, headers=_JSON, content=encode(body))


def form(path: str, read_answer: Callable[[Answer], T], content: str, *, repeatable: bool = True) -> Call[T]:
    """Make a POST of a form, as OAuth's endpoints read it. No key guards it."""
    return Call(
        method="POST",
        path=path,
        read=read_answer,
        headers={"content-type": "application/x-www-form-urlencoded"},
        content=content.encode(),
        repeatable=repeatable,
    )


def delete(path: str) -> Call[None]:
    """Make a DELETE, which is sent once: a repeat would find nothing, and could not say who deleted it."""
    return Call(method="DELETE", path=path, read=lambda _answer: None, repeatable=False)


_JSON = {"content-type": "application/json"}


def one(kind: type[T]) -> Callable[[Answer], T]:
    """Return a function that reads the answer as one object."""
    return lambda answer: read(kind, answer.json())


def spoken(language: str | None) -> dict[str, str]:
    """Return the header that asks for a language, such as "de"."""
    return {} if language is None else {"accept-language": sendable(language, "The language")}


def content_of(answer: Answer) -> bytes:
    """Return the bytes of an answer that is a file."""
    return answer.content


def one_with_token(kind: type[_Owned], token: str | None) -> Callable[[Answer], _Owned]:
    """Return a function that reads the answer as one object, and keeps the token that the call was given."""
    return lambda answer: replace(read(kind, answer.json()), hold_token=token)


def page(kind: type[T]) -> Callable[[Answer], Page[T]]:
    """Return a function that reads the answer as a page of objects."""

    def read_page(answer: Answer) -> Page[T]:
        found: Page[Any] = read(Page, answer.json())
        return Page(items=tuple(read(kind, item) for item in found.items), next=found.next)

    return read_page


def path(*parts: EventRef | HoldRef | BookingRef | BlockRef) -> str:
    """Return a path below /v1, with each part quoted."""
    return "/v1/" + "/".join(quote(str(part_id(part)), safe="") for part in parts)


def part_id(part: EventRef | HoldRef | BookingRef | BlockRef) -> UUID | int | str:
    """Return the id of an object, or the given one. Raises Unsendable for what can be none, such as None."""
    found: object = part.id if isinstance(part, Event | Hold | Booking | Block) else part
    if isinstance(found, bool) or not isinstance(found, UUID | int | str) or found in ("", ".", ".."):
        raise Unsendable("An id must be a UUID, a number or a text, or an object of the SDK that has one.")
    return found


def token_of(owner: HoldRef | BookingRef, token: Token | None) -> str | None:
    """Return the given token, or else that of the hold or booking."""
    source = owner if token is None and isinstance(owner, Hold | Booking) else token
    text = source.hold_token if isinstance(source, Hold | Booking) else source
    return None if text is None else sendable(text, "The hold token")


def sendable(text: str, name: str) -> str:
    """Return the text without white space around it, for a header. Raises Unsendable, without the text."""
    text = text.strip()
    if not _HEADER_VALUE.fullmatch(text):
        raise Unsendable(f"{name} is empty, or has characters that a header cannot carry.")
    return text


_HEADER_VALUE = re.compile(r"[!-~]+")


def given(**members: Any) -> dict[str, Any]:
    """Return the members that are not None: the server has defaults for the others."""
    return {name: value for name, value in members.items() if value is not None}


def changed(**members: Any) -> dict[str, Any]:
    """Return the members that are not `Unchanged`; None clears a member."""
    return {name: value for name, value in members.items() if value is not UNCHANGED}


def encode(body: Mapping[str, Any]) -> bytes:
    try:
        return dumps(body, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise Unsendable(
            "A text has half of a character (a lone surrogate), which UTF-8 cannot carry."
        ) from None


def time_text(moment: datetime) -> str:
    """Return RFC 3339 in UTC. Raises Unsendable for a time without a zone."""
    if moment.tzinfo is None:
        raise Unsendable("A time needs a zone, for example datetime.now(UTC).")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return time_text(value)
        case UUID():
            return str(value)
        case Event():
            return str(value.id)
        case _:
            raise Unsendable(f"A {type(value).__name__} cannot be sent: give texts, numbers, times or ids.")


def _query(members: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in members.items():
        if isinstance(value, Mapping):
            found |= {f"{name}[{key}]": _query_text(one) for key, one in value.items()}
        elif value is not None:
            found[name] = _query_text(value)
    return found


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return time_text(value) if isinstance(value, datetime) else str(value)


def _token_header(token: str | None) -> dict[str, str]:
    return {} if token is None else {"hold-token": token}
