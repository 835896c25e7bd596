"""Reading: convert JSON to the dataclasses of `models`, by their annotations.

Unknown members are ignored, and words are not checked against a list, so that a newer server does not break an older
client. A missing member or one of the wrong type raises BadAnswer.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from holdfast_client.errors import BadAnswer

T = TypeVar("T")
_Reader = Callable[[Any], Any]


def read(kind: type[T], value: object) -> T:
    """Return the value as `kind`. Raises BadAnswer."""
    try:
        found: T = _reader(kind)(value)  # type: ignore[arg-type]  # the cache of _reader loses the type of kind
    except (TypeError, ValueError) as error:
        raise BadAnswer(
            f"The answer is no {kind.__name__} as this SDK knows it: {error}. Check the address, or update the SDK."
        ) from None
    return found


@cache
def _reader(kind: Any) -> _Reader:
    if isinstance(kind, TypeVar):
        return _as_it_is
    if get_origin(kind) is tuple:
        return _each(_reader(get_args(kind)[0]))
    if get_origin(kind) is Mapping:
        return _plain(dict) if get_args(kind)[1] is Any else _texts
    if get_origin(kind) in (Union, types.UnionType):
        (inner,) = [one for one in get_args(kind) if one is not type(None)]
        return _optional(_reader(inner))
    if dataclasses.is_dataclass(kind):
        return _members(kind)
    if kind is datetime:
        return _time
    return _id if kind is UUID else _plain(kind)


def _members(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = {one.name: _reader(hints[one.name]) for one in dataclasses.fields(kind)}
    required = [
        one.name
        for one in dataclasses.fields(kind)
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    ]

    def read_members(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"{kind.__name__} is not an object")
        missing = [name for name in required if name not in value]
        if missing:
            raise ValueError(f"{kind.__name__} has no {missing[0]}")
        found = {}
        for name, reader in readers.items():
            if name not in value:
                continue
            try:
                found[name] = reader(value[name])
            except (TypeError, ValueError) as error:
                # The message names the member and never its value, which may be a token.
                raise ValueError(f"{name}: {error}") from None
        return kind(**found)

    return read_members


def _each(reader: _Reader) -> _Reader:
    def read_each(value: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError("a list is missing")
        return tuple(reader(one) for one in value)

    return read_each


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise TypeError("an object is missing")
    return {name: _text(text) for name, text in value.items()}


def _optional(reader: _Reader) -> _Reader:
    return lambda value: None if value is None else reader(value)


def _plain(kind: type) -> _Reader:
    kinds = (int, float) if kind is float else kind

    def read_plain(value: Any) -> Any:
        if not isinstance(value, kinds) or (kind is not bool and isinstance(value, bool)):
            raise TypeError(f"{type(value).__name__} in place of {kind.__name__}")
        return value

    return read_plain


def _id(value: Any) -> UUID:
    return UUID(_text(value))


def _time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        raise ValueError("a text that is not a time") from None
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment


_text: Callable[[Any], str] = _plain(str)


def _as_it_is(value: Any) -> Any:
    return value
