"""Metadata: a client's own words on an event, a hold or a booking, such as its order number. Holdfast only keeps them.

The limits are those of Stripe, which most shops know. No rule reads metadata, and no journal entry or log has it: it
may name people. Mails read one word of it, the language.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.errors import FieldError, InvalidInput

__all__ = [
    "MAIL_LANGUAGE",
    "MAX_KEYS",
    "MAX_KEY_LENGTH",
    "MAX_VALUE_LENGTH",
    "Metadata",
    "MetadataChange",
    "in_language",
    "merged",
    "with_language",
]

MAX_KEYS = 20
MAX_KEY_LENGTH = 40
MAX_VALUE_LENGTH = 500

MAIL_LANGUAGE = "mail_language"
"""The key of the language in which the buyer reads mail. It is the one word that the server adds."""

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


def with_language(metadata: Metadata | None, language: str | None) -> Metadata | None:
    """Return the metadata with the buyer's language, unless it has one, or has no room."""
    if language is None or (metadata and (MAIL_LANGUAGE in metadata or len(metadata) >= MAX_KEYS)):
        return metadata
    return {**(metadata or {}), MAIL_LANGUAGE: language}


def in_language(metadata: Metadata | None, language: str | None) -> Metadata | None:
    """Return the metadata with this language of mails; as it is without one, or without room for it."""
    before = metadata or {}
    if language is None or (MAIL_LANGUAGE not in before and len(before) >= MAX_KEYS):
        return metadata
    return {**before, MAIL_LANGUAGE: language}
