"""Model errors: what a model refuses, as one error whose texts help the person who wrote the request.

Each text names the field, what was found and what is right. Strings of the request are never repeated: one may be a
secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from holdfast.errors import FieldError, InvalidInput
from holdfast.errors.models import MODEL_TEXTS, text_of_model_error
from holdfast.http.decoding import json_pointer
from holdfast.http.suggestions import models_at, text_of_unknown

__all__ = ["field_error", "invalid_fields", "invalid_input"]

_MAX_FIELD_ERRORS = 20
_MAX_DETAILS = 3
_ABSENT = object()


def invalid_input(
    failed: ValidationError, decoded: Any, *, annotation: Any = None, prefix: str = ""
) -> InvalidInput:
    """Return the error for a model's refusal of `decoded`.

    Args:
        annotation: the type that refused it, whose fields are suggested for unknown names.
        prefix: replaces the pointer's first slash.
    """
    found: dict[tuple[str, str], FieldError] = {}
    for one in failed.errors(include_url=False, include_input=False):
        path = _path_in(decoded, one["loc"])
        pointer = json_pointer(path)
        if prefix:
            pointer = prefix + pointer[1:]
        value = _value_at(decoded, path)
        error = field_error(
            one, pointer, value=value, path=path, annotation=annotation, is_text=prefix == "?"
        )
        found.setdefault((pointer, error.code), error)
    return invalid_fields(found.values())


def invalid_fields(errors: Iterable[FieldError]) -> InvalidInput:
    """Return one error. Its detail has the first texts, its members are a limited number of them."""
    shown = tuple(errors)[:_MAX_FIELD_ERRORS]
    return InvalidInput(" ".join(one.detail for one in shown[:_MAX_DETAILS]), errors=shown)


def field_error(
    found: Mapping[str, Any],
    pointer: str,
    *,
    value: Any = _ABSENT,
    path: Sequence[str | int] = (),
    annotation: Any = None,
    is_text: bool = False,
) -> FieldError:
    """Return one of Pydantic's errors under our code, with our text. `is_text`: the value is from a query."""
    kind = found["type"]
    code = _CODES.get(kind) or _code_by_kind(kind)
    if code == "unknown_field":
        name = str(path[-1]) if path else ""
        text = text_of_unknown(name, models_at(annotation, path[:-1]))
        if is_text:
            text = text.replace("a field", "a parameter").replace("the fields", "the parameters")
    elif kind in ("value_error", "assertion_error"):
        text = "{field}: " + _sentence(found["msg"])
    elif code == kind and kind not in MODEL_TEXTS:
        text = _with_found(found["msg"], value, is_text=is_text)  # of a PydanticCustomError of ours
    else:
        text = text_of_model_error(
            kind,
            found.get("ctx", {}),
            found=_described(value, is_text=is_text, is_choice=kind in ("enum", "literal_error")),
            length=len(value) if isinstance(value, str | list | dict) else None,
        )
    return FieldError(pointer=pointer, code=code, detail=text)


def _with_found(text: str, value: Any, *, is_text: bool) -> str:
    """Add what a value is to a text that says only what it must be."""
    is_wrong_form = isinstance(value, str) and value != ""  # that it is a string helps nobody
    if " must be " in text and ";" not in text and value is not _ABSENT and not is_wrong_form:
        return f"{text.removesuffix('.')}; it is {_described(value, is_text=is_text)}."
    return text


def _described(value: Any, *, is_text: bool, is_choice: bool = False) -> str:
    """Return what a value is. Numbers, true, false and null are named; texts are not."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)[:24]
        case "":
            return "empty"
        case str():
            return "another text" if is_text else "another string" if is_choice else "a string"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return "something else"


_CODES = {
    "extra_forbidden": "unknown_field",
    "unexpected_keyword_argument": "unknown_field",
    "missing": "missing",
    "missing_argument": "missing",
    "int_from_float": "wrong_type",
    "int_parsing": "wrong_type",
    "bool_parsing": "wrong_type",
    "int_parsing_size": "out_of_range",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "multiple_of": "out_of_range",
    "finite_number": "out_of_range",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_pattern_mismatch": "wrong_format",
    "enum": "not_allowed",
    "literal_error": "not_allowed",
    "union_tag_invalid": "not_allowed",
    "union_tag_not_found": "missing",
    "value_error": "not_allowed",
    "assertion_error": "not_allowed",
}


def _code_by_kind(kind: str) -> str:
    if kind.endswith("_type"):
        return "wrong_type"
    if kind.endswith(("_parsing", "_format", "_inclusive")) or "_parsing_" in kind:
        return "wrong_format"
    return kind  # the types of our own PydanticCustomErrors are already codes


def _path_in(decoded: Any, location: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the location without the names of union members and validators, which are not part of the body."""
    path: list[str | int] = []
    node = decoded
    for position, part in enumerate(location):
        if _has(node, part):
            node = node[part]
        elif (
            isinstance(node, dict)
            and position == len(location) - 1
            and isinstance(part, str)
            and part.isidentifier()
        ):
            node = None  # the member is missing
        else:
            continue
        path.append(part)
    return tuple(path)


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, dict):
        return part in node
    return isinstance(node, list) and isinstance(part, int) and part < len(node)


def _value_at(decoded: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        if not _has(decoded, part):
            return _ABSENT
        decoded = decoded[part]
    return decoded


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message if message.endswith(".") else message + "."
