"""Decoding: the strict JSON reader of every body.

The standard library's reader keeps the last of two equal keys. It accepts NaN and 1e400, and passes lone surrogates to
the database driver. Here, invalid JSON is `Malformed` (400). Valid JSON with forbidden values is `InvalidInput` (422),
with a pointer.
"""

from __future__ import annotations

import json
import re
from math import isinf
from typing import Any, Never

import orjson

from holdfast.errors import FieldError, InvalidInput, Malformed
from holdfast.errors.fields import name_of

__all__ = ["MAX_ARRAY_ITEMS", "MAX_DEPTH", "decode"]

MAX_DEPTH = 32
MAX_ARRAY_ITEMS = 1_000
_MAX_POINTERS = 20
_INT64 = range(-(1 << 63), 1 << 63)

_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_SURROGATE_OR_NUL = re.compile("[\x00\ud800-\udfff]")
_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def decode(body: bytes, *, large_arrays: bool = False) -> Any:
    """Return the value of a JSON text in UTF-8. `large_arrays` lifts the limit on items (for seat maps).

    Raises: Malformed, InvalidInput.
    """
    if not body:
        raise Malformed(Malformed.EMPTY)
    needs_walk = _needs_walk(body, large_arrays=large_arrays)
    if not needs_walk and (plain := _plain_value(body)) is not None:
        return plain
    if body.startswith(b"\xef\xbb\xbf"):
        raise Malformed(Malformed.BYTE_ORDER_MARK)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Malformed(Malformed.NOT_UTF_8) from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as broken:
        raise Malformed(
            f"The body is not valid JSON (line {broken.lineno}, column {broken.colno})."
        ) from None
    except _NameTwice:
        raise _name_twice(text) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise Malformed(Malformed.NUMBER_TOO_LONG) from None
    if needs_walk:
        _walk(value, large_arrays=large_arrays)
    return value


def _plain_value(body: bytes) -> Any:
    """Return the value if a quick reader writes it back as the same bytes; otherwise None, for the strict reader.

    Such a text repeats no key, and has no number that overflows. It has no escape or blank that another reader could
    read differently. Most programs write their JSON this way.
    """
    try:
        value = orjson.loads(body)
        return value if orjson.dumps(value) == body else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NameTwice
    return found


class _NameTwice(Exception):
    """An object has a name twice. The body is read again, to say where: this is rare, and costs others nothing."""


class _Repeating(dict[str, Any]):
    """An object with a name that it has twice."""

    name: str


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    marked = _Repeating(found)
    marked.name = next(name for at, name in enumerate(names) if name in names[:at])
    return marked


def _name_twice(text: str) -> Malformed:
    """Return the error for a body with a repeated name, and the place of the first one."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(_MARKING.decode(text), ())]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, _Repeating):
            pointer = json_pointer((*path, value.name[:100]))
            return Malformed(Malformed.KEY_TWICE.format(name=name_of(pointer)))
        if isinstance(value, dict):
            waiting.extend((item, (*path, key)) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend((item, (*path, index)) for index, item in reversed(list(enumerate(value))))
    raise AssertionError("the body repeats no name")


def _finite(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise Malformed(Malformed.NUMBER_TOO_LARGE)
    return value


def _no_constant(name: str) -> Never:
    raise Malformed(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)
_MARKING = json.JSONDecoder(object_pairs_hook=_marked, parse_constant=_no_constant)


def _needs_walk(body: bytes, *, large_arrays: bool) -> bool:
    """Return whether the raw text could break a rule. Most bodies pass without a look at their values.

    The parser refuses raw control characters and raw surrogates, so only escapes can bring them.
    """
    return (
        b"\\u" in body
        or (not large_arrays and body.count(b",") >= MAX_ARRAY_ITEMS)
        or (body.count(b"[") + body.count(b"{") > MAX_DEPTH and not _is_shallow(body))
        or _LONG_NUMBER.search(body) is not None
    )


def _is_shallow(body: bytes) -> bool:
    """Return True if the brackets cannot nest deeper than allowed. Each pass removes the innermost level.

    Brackets inside strings may remain. Then the values are walked, which decides.
    """
    brackets = body.translate(_ONE_BRACKET, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    return not brackets


def _walk(root: Any, *, large_arrays: bool) -> None:
    errors: list[FieldError] = []
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while waiting and len(errors) < _MAX_POINTERS:
        value, path = waiting.pop()
        kind = type(value)
        if kind is str:
            if _SURROGATE_OR_NUL.search(value):
                errors.append(_at(path, "invalid_character", FieldError.CHARACTER))
        elif kind is int:
            if value not in _INT64:
                errors.append(_at(path, "out_of_range", FieldError.NUMBER_TOO_LARGE))
        elif kind is dict:
            if len(path) >= MAX_DEPTH:
                raise _too_deep()
            if any(_SURROGATE_OR_NUL.search(key) for key in value):
                errors.append(_at(path, "invalid_character", FieldError.CHARACTER_IN_KEY))
                continue
            waiting.extend((item, (*path, key)) for key, item in reversed(value.items()))
        elif kind is list:
            if len(path) >= MAX_DEPTH:
                raise _too_deep()
            if len(value) > MAX_ARRAY_ITEMS and not large_arrays:
                text = FieldError.TOO_MANY_ITEMS.replace("{limit}", str(MAX_ARRAY_ITEMS))
                errors.append(_at(path, "too_many_items", text))
                continue
            waiting.extend((item, (*path, index)) for index, item in reversed(list(enumerate(value))))
    if errors:
        raise InvalidInput(errors[0].detail, errors=tuple(errors))


def _too_deep() -> Malformed:
    return Malformed(f"The body nests deeper than {MAX_DEPTH} levels.")


def _at(path: tuple[str | int, ...], code: str, detail: str) -> FieldError:
    return FieldError(pointer=json_pointer(path), code=code, detail=detail)


def json_pointer(path: tuple[str | int, ...]) -> str:
    """Return a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
