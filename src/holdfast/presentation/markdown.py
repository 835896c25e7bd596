"""Markdown: a description as HTML that is safe on our own pages, and as plain text.

The parser lets no HTML through, and the sanitiser keeps a short list of elements, whatever the parser writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["first_sentence", "plain_text", "safe_html"]

_FIRST_HEADING = 3
"""A page has its name at level 1, and the title of the description at level 2."""

_TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "ul",
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
_REL = "nofollow ugc noopener"

_SENTENCE = re.compile(
    r".{12,}?[^\s.]{3}[.!?\u2026]+[\"\u201d\u2019)]*(?=\s)|.+?[\u3002\uff01\uff1f\u061f\u06d4\u0964]"
)
"""The first sentence of a text. What is very short, or ends in a short word, may be a title such as “Dr.”."""

_PARSER = MarkdownIt("commonmark", {"html": False}).disable("image")


def safe_html(text: str) -> str:
    """Return the description as HTML. Its headings stand below those of the page."""
    tokens = _PARSER.parse(text)
    _lower_headings(tokens)
    made: str = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(
        made,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel=_REL,
        clean_content_tags={"script", "style"},
    )


def plain_text(text: str, *, limit: int) -> str:
    """Return the first words of the description, without marks, in at most `limit` characters."""
    return _cut(" ".join(" ".join(_texts(_PARSER.parse(text))).split()), limit)


def first_sentence(text: str, *, limit: int) -> str:
    """Return the first sentence of the description below its titles, without marks, in at most `limit` characters."""
    tokens = _PARSER.parse(text)
    below = [
        token
        for before, token in zip([None, *tokens], tokens, strict=False)
        if token.type == "inline" and before is not None and before.type != "heading_open"
    ]
    words = " ".join(next(_texts(below), "").split())
    found = _SENTENCE.match(words)
    return _cut(words if found is None else found[0], limit)


def _cut(words: str, limit: int) -> str:
    """Return a text that is too long without its end, cut between two words."""
    if len(words) <= limit:
        return words
    return words[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _lower_headings(tokens: Sequence[Token]) -> None:
    """Begin with the page's next level, and leave no level out before the first."""
    levels = [int(token.tag[1:]) for token in tokens if token.type == "heading_open"]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) - min(levels) + _FIRST_HEADING)}"


def _texts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(
                " " if child.type in ("softbreak", "hardbreak") else child.content
                for child in token.children or ()
            )
        elif token.type in ("code_block", "fence"):
            yield token.content
