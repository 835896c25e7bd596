"""Preparation: a short-lived process that prepares a database, so that the supervisor loads no driver.

    python -m holdfast.process.preparation upgrade|verify CONNECTIONS    (reads the URL from HOLDFAST_DATABASE_URL)

It prints one JSON object on standard output, or one line on standard error with exit code 1.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TypedDict

from holdfast.process.environment import clean_environment

__all__ = ["Prepared", "in_one_line", "prepare"]


class Prepared(TypedDict):
    """The number of API keys, and what the setup link is derived from: empty once the server has a member."""

    keys: int
    setup: str


def prepare(
    url: str, *, upgrade: bool, connections: int, first_key: str | None, server_key: str | None
) -> Prepared:
    """Migrate our own database, or only check another one. Returns what it knows of callers.

    `connections`: how many all workers will open. `first_key` is stored if no key was ever made. `server_key` must be
    the one that served this database before.
    Raises SchemaError for a database that Holdfast must not use.
    """
    from holdfast.access.keys import count_keys, read_setup, take_first_key
    from holdfast.access.server_key import refuse_another_key
    from holdfast.postgres import schema

    if upgrade:
        schema.upgrade(url)
    schema.verify(url, connections=connections)
    if server_key:
        refuse_another_key(url, server_key)
    if first_key:
        take_first_key(url, first_key)
    return {"keys": count_keys(url), "setup": read_setup(url)}


def in_one_line(error: Exception) -> str:
    """Return the line of the driver's message that says what failed, without the driver's advice."""
    text = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if " failed: " in line), lines[0])


def main() -> int:
    clean_environment()
    try:
        mode, connections = sys.argv[1:]
        embedded = mode == "upgrade"
        found = prepare(
            os.environ["HOLDFAST_DATABASE_URL"],
            upgrade=embedded,
            connections=int(connections),
            first_key=os.environ.get("HOLDFAST_BOOTSTRAP_KEY"),
            # The supervisor has compared that of the embedded database with the one of its folder.
            server_key=None if embedded else os.environ.get("HOLDFAST_SECRET_KEY"),
        )
    except Exception as error:  # noqa: BLE001 - this program reports any failure in one line
        print(in_one_line(error), file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
