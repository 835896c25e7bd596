"""Alike answers: what alike holds or bookings of a batch share is written once.

They differ in nothing but their ids, because they share the batch's time. So the text between the members that are an
object's own is kept where the rules say what they share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Generic, Protocol, TypeVar

from holdfast.http.reply import encode
from holdfast.inventory.rules.hold import Shared

__all__ = ["AlikeAnswers"]


class _Sharing(Protocol):
    @property
    def shared(self) -> Shared | None: ...


T = TypeVar("T", bound=_Sharing)


class AlikeAnswers(Generic[T]):
    """Writes objects of one class as JSON. The text is that of `encode(render(one))`."""

    def __init__(
        self,
        render: Callable[[T], dict[str, Any]],
        *,
        own_members: tuple[str, ...],
        own: Callable[[T], tuple[bytes, ...]],
    ) -> None:
        """`own_members`, in the order of the answer, depend on the ids only. `own` is their JSON."""
        self._render = render
        self._own_members = own_members
        self._own = own

    def encode(self, one: T) -> bytes:
        shared = one.shared
        if shared is None:
            return encode(self._render(one))
        if not shared.text:
            shared.text = _form(self._render(one), self._own_members)
        return shared.text % self._own(one)


def _form(members: dict[str, Any], own: Collection[str]) -> bytes:
    """Return the text with a `%b` for each own member."""
    texts = []
    for name, value in members.items():
        text = encode({name: value})[1:-1].replace(b"%", b"%%")
        texts.append(b'"%b":%%b' % name.encode() if name in own else text)
    return b"{" + b",".join(texts) + b"}"
