"""Invalid settings: what a value outside its limits is reported as, in one line and without a secret."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any

from holdfast.errors.fields import FIELD
from holdfast.errors.models import text_of_model_error
from holdfast.http.redaction import redact

__all__ = ["OF_PLATFORMS", "PREFIX", "describe_error"]

PREFIX = "HOLDFAST_"
OF_PLATFORMS = {"port": "PORT", "database_url": "DATABASE_URL"}
"""Variables that hosting platforms set. Each is read if ours is unset."""
_SECRET = ("database_url", "secret_key", "smtp_url", "bootstrap_key", "rate_limit_url")
_USER_IN_URL = re.compile(r"://\S*@")


def describe_error(error: Any, of_platform: Container[str]) -> str:
    """Describe an invalid setting in one line. The value of a secret is left out."""
    name = str(error["loc"][0]) if error["loc"] else ""
    variable = OF_PLATFORMS[name] if name in of_platform else f"{PREFIX}{name.upper()}"
    given = "another value" if name in _SECRET else repr(_hidden(str(error["input"])))
    if error["type"] == "value_error":
        rule = str(error["msg"]).removeprefix("Value error, ")
        return f"{variable} {rule}" + ("" if name in _SECRET else f" (it is {given})")
    text = text_of_model_error(
        error["type"], error.get("ctx", {}), found=given, length=len(str(error["input"]))
    )
    return text.replace(FIELD, variable).removesuffix(".")


def _hidden(text: str) -> str:
    """Return the start of a value as a message may show it: people put secrets into other variables by mistake."""
    return redact(_USER_IN_URL.sub("://…@", text))[:80]
