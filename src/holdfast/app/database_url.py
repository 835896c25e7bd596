"""Database URL: checked before the driver reads it, because the driver's own complaints quote the password."""

from __future__ import annotations

import re

__all__ = ["parse_database_url"]

_TEXT = r"(?:[^\s%/?#@\[\]]|%[0-9A-Fa-f]{2})*"
_HOST = r"(?:\[[0-9A-Fa-f:.%A-Za-z]+\]|(?:[^\s%/?#@\[\]:,]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
_VALUE = r"(?:[^\s%&]|%[0-9A-Fa-f]{2})*"
_FORM = re.compile(
    rf"(?:{_TEXT}@)?{_HOST}(?:,{_HOST})*(?:/{_TEXT})?(?:\?(?:[A-Za-z_]+={_VALUE}(?:&[A-Za-z_]+={_VALUE})*)?)?"
)
"""What stands after `postgresql://`. It has no white space, and a percent sign stands before two digits."""


def parse_database_url(text: str) -> str:
    """Return the URL as the driver takes it. Raises ValueError, which does not quote it."""
    scheme, separator, rest = text.strip().partition("://")
    # The long form names a driver, as SQLAlchemy writes it; ours is fixed.
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("must start with postgresql://")
    if not _FORM.fullmatch(rest):
        raise ValueError(
            "must be postgresql://user:password@host:port/database, with ?name=value as needed; in the user, the "
            "password and the names, write @ as %40, / as %2F, % as %25, and other signs and spaces likewise"
        )
    return f"postgresql://{rest}"
