"""Pages: what the pages of a server share. All files are local, and nothing is inline."""

from __future__ import annotations

import re
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from holdfast.api.request import Request
from holdfast.http.headers import weights
from holdfast.http.reply import Headers, Reply, encode

__all__ = ["HTML", "VARIES", "choose_json", "json_page", "marked_up", "template"]

HTML = b"text/html; charset=utf-8"
VARIES: Headers = ((b"vary", b"accept"),)

_CODE = re.compile(r"`([^`]+)`")


@cache
def template(name: str) -> Template:
    return Template((files("holdfast.api") / "static" / name).read_text(encoding="utf-8"))


def choose_json(request: Request) -> bool:
    """Return whether the caller is a program that asks for JSON. Browsers ask for HTML."""
    accepted = weights(request.header(b"accept"))
    json = max(accepted.get("application/json", 0), accepted.get("application/problem+json", 0))
    return json > accepted.get("text/html", 0)


def json_page(members: object) -> Reply:
    return Reply(body=encode(members), headers=VARIES)


def marked_up(text: str) -> str:
    """Return a text as HTML, with the parts in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
