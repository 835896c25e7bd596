"""Failures: exceptions as the log shows them, without the values of variables.

structlog renders an exception by its configuration, and by its defaults with every local variable: hold tokens,
passwords, keys. A program that has Holdfast's application inside may use these defaults. So no line of the server
carries an exception; it carries this text.
"""

from __future__ import annotations

import traceback

__all__ = ["traced"]


def traced(error: BaseException) -> str:
    """Return the traceback as Python prints it."""
    return "".join(traceback.format_exception(error)).rstrip()
