"""Redaction: removes our secrets from log lines."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["named_path", "redact", "redact_event"]

_MAX_PATH_LENGTH = 100

_SECRETS = re.compile(r"(hf[a-z]_|whsec_)[A-Za-z0-9_.~+/=-]+|(?i:(bearer|hold) +)[A-Za-z0-9_.~+/=-]{8,}")


def redact(text: str) -> str:
    """Return the text with only the first four letters of hold tokens, API keys, tickets and passes."""
    return _SECRETS.sub(lambda found: (found[1] or found[2] + " ") + "…", text)


def named_path(path: str) -> str:
    """Return a request's path as the text of an error may have it: not too long, and without secrets."""
    return redact(path if len(path) <= _MAX_PATH_LENGTH else f"{path[:_MAX_PATH_LENGTH]}…")


def redact_event(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor of the whole process: it redacts every text of every line, tracebacks included."""
    return {name: redact(value) if isinstance(value, str) else value for name, value in event.items()}
