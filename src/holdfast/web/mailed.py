"""Mailed: what a page says after a mail. A server without a mail server keeps it, and says who can read it."""

from __future__ import annotations

from holdfast.api.request import Request
from holdfast.web.languages import gettext
from holdfast.web.sentences import Sentence

__all__ = ["mailed"]


def mailed(request: Request, says: str, then: str = "", *, title: str = "") -> Sentence:
    """Return the sentence about a mail that is on its way; `then`: what to do if it does not come."""
    if not request.delivery.mailer.sends:
        then = gettext("This server sends no mail yet. Its operator reads it with `holdfast mailbox`.")
    return Sentence(title=title or gettext("Look into your mailbox"), says=says, then=then, tone="good")
