"""Metadata: a client's own words on an event, a hold or a booking, such as its order number. Holdfast only keeps them.

The limits are those of Stripe, which most shops know. No rule reads metadata, and no journal entry or log has it: it
may name people.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.errors import FieldError, InvalidInput

__all__ = [
    "MAX_KEYS",
    "MAX_KEY_LENGTH",
    "MAX_VALUE_LENGTH",
    "Metadata",
    "MetadataChange",
    "merged",
]

MAX_KEYS = 20
MAX_KEY_LENGTH = 40
MAX_VALUE_LENGTH = 500

Metadata = Mapping[str, str]
MetadataChange = Mapping[str, str | None]
"""Values by key; None or an empty text removes the key."""


def merged(before: Metadata | None, change: MetadataChange | None) -> Metadata | None:
    """Return the metadata after a change: new keys are added, others keep their values. None: there never were any.

    Raises InvalidInput for more keys than allowed.
    """
    if not change:
        return before
    after = {key: value for key, value in {**(before or {}), **change}.items() if value}
    if len(after) > MAX_KEYS:
        raise InvalidInput.in_field(
            "/metadata", "too_many", FieldError.METADATA_KEYS.replace("{limit}", str(MAX_KEYS))
        )
    return after
