"""Forms: bodies of the type `application/x-www-form-urlencoded`, as OAuth's endpoints read them."""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict

from holdfast.errors import TokenRefused

__all__ = ["Form"]

MEDIA_TYPE = "application/x-www-form-urlencoded"


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Form(BaseModel):
    """What a form has, all of it text. Unknown parameters are ignored (RFC 6749, section 3.2)."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Return the form. A parameter without a value counts as missing. Raises TokenRefused."""
        values: dict[str, str] = {}
        for pair in raw.replace(b"+", b" ").split(b"&"):
            name, _, value = (_decoded(part) for part in pair.partition(b"="))
            if not value:
                continue
            if name in values:
                shown = name if name in cls.model_fields else "a parameter"
                raise TokenRefused(TokenRefused.REPEATED.format(name=shown), oauth_error="invalid_request")
            values[name] = value
        return cls.model_validate(values)


def _decoded(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise TokenRefused(TokenRefused.TEXT, oauth_error="invalid_request") from None
    if _CONTROL.search(text):
        raise TokenRefused(TokenRefused.TEXT, oauth_error="invalid_request")
    return text
