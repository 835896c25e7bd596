"""Preparation: a short-lived process that makes a database ready, so that the supervisor carries no driver.

    python -m holdfast.process.preparation upgrade|verify    (the URL comes in HOLDFAST_DATABASE_URL)

It answers with one JSON object on standard output, or with one line on standard error and exit code 1.
"""

from __future__ import annotations

import json
import os
import sys

from holdfast.process.environment import clean_environment

__all__ = ["in_one_line", "prepare"]


def prepare(url: str, *, upgrade: bool) -> dict[str, int]:
    """Migrate (our own database) or only look (someone else's), and refuse one that Holdfast must not use."""
    from holdfast.access.keys import count_keys
    from holdfast.postgres import schema

    if upgrade:
        schema.upgrade(url)
    schema.verify(url)
    return {"keys": count_keys(url)}


def in_one_line(error: Exception) -> str:
    """Of a driver's paragraph about a connection, the line that says what failed; its advice is not ours."""
    text = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if " failed: " in line), lines[0])


def main() -> int:
    clean_environment()
    try:
        found = prepare(os.environ["HOLDFAST_DATABASE_URL"], upgrade=sys.argv[1:] == ["upgrade"])
    except Exception as error:  # noqa: BLE001 - its one job is to say in one line what is wrong
        print(in_one_line(error), file=sys.stderr)
        return 1
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
