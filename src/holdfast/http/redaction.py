"""Redaction: removes our secrets from log lines."""

from __future__ import annotations

import re

__all__ = ["named_path", "redact"]

_MAX_PATH_LENGTH = 100

_SECRETS = re.compile(
    r"(hf[a-z]_|whsec_|eyJ)[A-Za-z0-9_.~+/=-]+"
    r"|(HF1)[0-9A-Za-f $%*+./:-]{20,}"  # the code of a ticket, also as a part of a path
    r"|(?i:(bearer|hold) +)[A-Za-z0-9_.~+/=-]{8,}"
)


def redact(text: str) -> str:
    """Return the text with only the first letters of hold tokens, API keys, codes of tickets and the like."""
    return _SECRETS.sub(lambda found: (found[1] or found[2] or f"{found[3]} ") + "…", text)


def named_path(path: str) -> str:
    """Return a request's path as the text of an error may have it: not too long, and without secrets."""
    return redact(path if len(path) <= _MAX_PATH_LENGTH else f"{path[:_MAX_PATH_LENGTH]}…")
