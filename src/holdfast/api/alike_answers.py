"""Alike answers: what a run of like answers shares is written once.

The holds of a batch mostly differ in nothing but their ids, because they share the batch's time. So the text between
the members that are an object's own is kept, as long as all other fields stay equal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from orjson import dumps

from holdfast.http.reply import encode
from holdfast.inventory.rules.metadata import Metadata

__all__ = ["AlikeAnswers"]


class _WithMetadata(Protocol):
    @property
    def metadata(self) -> Metadata | None: ...


T = TypeVar("T", bound=_WithMetadata)


class AlikeAnswers(Generic[T]):
    """Writes objects of one class as JSON. The text is that of `encode(render(one))`."""

    def __init__(
        self,
        kind: type[T],
        render: Callable[[T], dict[str, Any]],
        *,
        own_fields: frozenset[str],
        own: Callable[[T], dict[str, UUID | str]],
    ) -> None:
        """`own` returns the members that differ, in the order of the answer. They depend on `own_fields` only."""
        names = [field.name for field in fields(kind) if field.name not in own_fields]  # type: ignore[arg-type]  # a dataclass
        self._shared: Callable[[T], object] = attrgetter(*names)
        self._render = render
        self._own = own
        self._last: object = None
        """The shared fields of the newest object."""
        self._form = b""
        """The text of the newest object with a `%b` for each own member; empty before a second one is like it."""

    def encode(self, one: T) -> bytes:
        if one.metadata:  # equal metadata may have another order
            return encode(self._render(one))
        shared = self._shared(one)
        if shared != self._last:
            self._last, self._form = shared, b""
            return encode(self._render(one))
        own = self._own(one)
        if not self._form:
            self._form = _form(self._render(one), own)
        return self._form % tuple(map(dumps, own.values()))


def _form(members: dict[str, Any], own: Collection[str]) -> bytes:
    texts = []
    for name, value in members.items():
        text = encode({name: value})[1:-1].replace(b"%", b"%%")
        texts.append(b'"%b":%%b' % name.encode() if name in own else text)
    return b"{" + b",".join(texts) + b"}"
