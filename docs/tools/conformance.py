"""Writes docs/reference/http-conformance.md: what the HTTP RFCs require of a server, and how it is met here.

    .venv/bin/python docs/tools/conformance.py

The table is in tests/scenarios/wire, beside the tests that it names. A test compares the page with it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tests"))

from scenarios.wire.requirement import Requirement
from scenarios.wire.requirements import REQUIREMENTS, TITLES

__all__ = ["PAGE", "render"]

PAGE = Path(__file__).parents[1] / "reference" / "http-conformance.md"

_INTRO = """\
# HTTP conformance

This page lists every MUST and MUST NOT of RFC 9110, RFC 9112 and RFC 9457 that binds an origin server.
Beside each one is the test that fails where the server breaks it, or the reason why it does not apply.
A row that begins with "Differs" applies, and the server knowingly does something else.
Tests without a folder are in `tests/scenarios/wire`, and a few SHOULDs are listed too.
`docs/tools/conformance.py` writes this page from the table beside the tests.
"""


def render() -> str:
    """Return the complete page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield _INTRO
    yield "| | Requirements | Held by tests | Do not apply | Differ |\n|---|---|---|---|---|"
    for number, rows in REQUIREMENTS.items():
        counts = (
            len(rows),
            sum(bool(row.tests) for row in rows),
            sum(bool(row.not_applicable) for row in rows),
            sum(bool(row.difference) for row in rows),
        )
        yield f"| RFC {number} | {' | '.join(map(str, counts))} |"
    for number, rows in REQUIREMENTS.items():
        yield f"\n## RFC {number}: {TITLES[number]}\n"
        yield "| Section | Level | Requirement | Held by, or why not |\n|---|---|---|---|"
        yield from (_row(row) for row in rows)


def _row(row: Requirement) -> str:
    text = row.text.replace("|", "\\|")
    return f"| {row.section} | {row.level} | {text} | {_answer(row)} |"


def _answer(row: Requirement) -> str:
    if row.tests:
        return "<br>".join(f"`{test}`" for test in row.tests)
    return f"Differs: {row.difference}" if row.difference else f"Does not apply: {row.not_applicable}"


def main() -> int:
    PAGE.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
