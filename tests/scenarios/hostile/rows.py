"""The rows of `bad_inputs.yaml`: wrong values for each part of a request.

Every row goes to every route to which it applies. The status is 400 for what cannot be parsed, 422 for what is not
allowed, and 404 for what does not exist. The dialects have other statuses for the last two; the targets name these.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Header = tuple[bytes, bytes]

_TABLE = yaml.safe_load(Path(__file__).with_name("bad_inputs.yaml").read_text())


def _value(written: Any) -> Any:
    """Return what is sent for a value of the table."""
    match written:
        case {"repeat": part, "times": times}:
            return part * times
        case {"join": parts}:
            return "".join(map(_value, parts))
        case {"numbered": form, "times": times, "by": by}:
            return by.join(form % number for number in range(times))
        case _:
            return written


def _bytes(written: Any) -> bytes:
    """Return a text of the table with one byte for each character."""
    text: str = _value(written)
    return text.encode("latin-1")


def _headers(written: Any) -> list[Header]:
    if isinstance(written, dict):
        return [(b"x-%d" % number, b"a" * written["size"]) for number in range(written["times"])]
    return [(name.encode(), _bytes(value)) for name, value in written]


def _rows(section: str) -> dict[str, Any]:
    return {str(name): row for name, row in _TABLE[section].items()}


WRONG: dict[str, dict[str, Any]] = {
    kind: {str(name): _value(value) for name, value in values.items()}
    for kind, values in _TABLE["members"].items()
}
"""Kind of a member -> name -> value."""

WRONG["other_token"] = {name: value for name, value in WRONG["token"].items() if name != "empty"}
"""Tokens in the body, with the right token in the header."""

NUL = WRONG["text"]["NUL"]

BROKEN_JSON = {name: _bytes(row) for name, row in _rows("broken_json").items()}
NOT_AN_OBJECT = {name: _bytes(row) for name, row in _rows("not_an_object").items()}
MASS_ASSIGNMENT: dict[str, Any] = _TABLE["mass_assignment"]
PATH_VALUES = {name: _bytes(row) for name, row in _rows("path_values").items()}
PATH_STATUSES = {name: status for status, names in _TABLE["path_statuses"].items() for name in names}
"""What is not 404."""

HEADERS = {name: (row["status"], _headers(row["headers"])) for name, row in _rows("headers").items()}
BODY_HEADERS = {
    name: (row["status"], _headers(row["headers"])) for name, row in _rows("body_headers").items()
}
UNREADABLE_FORM_VALUES = {name: _bytes(row) for name, row in _rows("unreadable_form_values").items()}
WRONG_FORM_VALUES = {name: _bytes(row) for name, row in _rows("wrong_form_values").items()}
BROKEN_FORMS = {name: _bytes(row) for name, row in _rows("broken_forms").items()}
RETRY_KEYS = {name: _headers(row) for name, row in _rows("retry_keys").items()}
FORWARDED = {name: _headers([row])[0] for name, row in _rows("forwarded").items()}
IGNORED = {name: _headers([row])[0] for name, row in _rows("ignored").items()}
QUERIES = {name: (row["status"], _bytes(row["send"])) for name, row in _rows("queries").items()}
STRANGE_TEXTS: list[str] = [_value(text) for text in _TABLE["strange_texts"]]
