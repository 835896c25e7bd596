"""Arrays: columns of a batch as PostgreSQL's array literals.

The driver's own list adaptation looks at every element's type; of a batch of 64 holds that was a third of all Python
time. Here the statement's cast says the type, and joining strings is one call a column. It also keeps one statement one
plan: the driver would choose int2[], int4[] or int8[] by the values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson


def plain(values: Iterable[int | float | UUID | None]) -> str:
    """Numbers and ids: nothing in them needs quoting."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def ids(values: Iterable[UUID]) -> str:
    """As 32 digits: PostgreSQL takes them, and the hyphens of str() cost three times as much."""
    return "{" + ",".join([f"{value.int:032x}" for value in values]) + "}"


def booleans(values: Sequence[bool]) -> str:
    return "{" + ",".join(["t" if value else "f" for value in values]) + "}"


def times(values: Sequence[datetime]) -> str:
    """A batch's holds mostly end at few moments: each is written out once."""
    texts = {value: f'"{value.isoformat()}"' for value in set(values)}
    return "{" + ",".join([texts[value] for value in values]) + "}"


def times_or_nulls(values: Iterable[datetime | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else f'"{value.isoformat()}"' for value in values]) + "}"


def texts(values: Collection[str | None]) -> str:
    """A batch's texts are mostly a few, many times over: each is quoted once."""
    quoted = {value: "NULL" if value is None else _quoted(value) for value in set(values)}
    return "{" + ",".join([quoted[value] for value in values]) + "}"


def blobs(values: Iterable[bytes | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]) + "}"


def json_text(value: Any) -> str:
    """A value for a `jsonb` column."""
    return orjson.dumps(value).decode()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
