"""Statements of a migration's file, sent one by one.

A Citus coordinator passes each change of a table on to its nodes, and refuses a string with several of them.
"""

from __future__ import annotations

import re
from pathlib import Path

from alembic import op

__all__ = ["run_file", "statements_of"]

_COMMENT = re.compile(r"--[^\n]*")
_STATEMENT = re.compile(r"(?:'[^']*'|\$(\w*)\$.*?\$\1\$|[^;'])+", re.DOTALL)


def run_file(path: Path) -> None:
    """Run every statement of the file in the migration's transaction."""
    connection = op.get_bind()
    for statement in statements_of(path.read_text("utf-8")):
        connection.exec_driver_sql(statement)


def statements_of(text: str) -> list[str]:
    """Return the statements without comments. A semicolon in quotes ends none. No quoted text may contain `--`."""
    found = (match[0].strip() for match in _STATEMENT.finditer(_COMMENT.sub("", text)))
    return [statement for statement in found if statement]
