"""Metadata in requests and answers: a client's own words on an event, a hold or a booking."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from holdfast.errors import FieldError
from holdfast.inventory.rules.metadata import MAX_KEY_LENGTH, MAX_KEYS, MAX_VALUE_LENGTH, Metadata

__all__ = ["METADATA_EXAMPLE", "MetadataIn", "MetadataOut", "MetadataQuery", "metadata_json"]

_KEY = re.compile(rf"[^\x00-\x1f\x7f\[\]]{{1,{MAX_KEY_LENGTH}}}")
_KEY_SCHEMA = {"maxLength": MAX_KEY_LENGTH, "pattern": "^[^\\[\\]]+$"}
_VALUE_SCHEMA = {"type": "string", "maxLength": MAX_VALUE_LENGTH}
METADATA_EXAMPLE = {"order": "A-1815"}


def _key(key: str) -> str:
    """Check a key. A bracket would make `metadata[key]` of a query ambiguous."""
    if not _KEY.fullmatch(key):
        raise PydanticCustomError("invalid_name", FieldError.METADATA_KEY)
    return key


_Key = Annotated[str, AfterValidator(_key)]

MetadataIn: TypeAlias = Annotated[
    dict[_Key, Annotated[str, Field(max_length=MAX_VALUE_LENGTH)] | None],
    Field(
        description=f"Your own words, as up to {MAX_KEYS} texts by key. They are added to those before; null or an "
        "empty text removes a key.",
        examples=[METADATA_EXAMPLE],
    ),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": _KEY_SCHEMA,
            "additionalProperties": {"anyOf": [_VALUE_SCHEMA, {"type": "null"}]},
        }
    ),
]
"""What is named is set or removed; other keys stay."""

MetadataQuery: TypeAlias = Annotated[
    dict[_Key, Annotated[str, Field(min_length=1, max_length=MAX_VALUE_LENGTH)]],
    Field(
        description="Only what has this value under this key, as `metadata[key]=value`; several must all match."
    ),
    WithJsonSchema({"type": "object", "propertyNames": _KEY_SCHEMA, "additionalProperties": _VALUE_SCHEMA}),
]

MetadataOut: TypeAlias = Annotated[
    dict[str, str],
    Field(
        description="Your own words, as texts by key. A booking may have `mail_language`, that of its mails."
    ),
]


def metadata_json(metadata: Metadata | None) -> Metadata:
    return {} if metadata is None else metadata
