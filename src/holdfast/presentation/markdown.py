"""Markdown: a description as HTML that is safe on our own pages, and as plain text.

The parser lets no HTML through, and the sanitiser keeps a short list of elements, whatever the parser writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["plain_text", "safe_html"]

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
    words = " ".join(" ".join(_texts(_PARSER.parse(text))).split())
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
