"""Embed style: the style sheet of `<holdfast-seat-map>`, made of the shop's own rules.

A rule is left out if it needs a class that neither the templates nor the scripts of the element have. The widths of the
window become those of the element, and the root becomes the element itself. So one sheet has every look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from holdfast.web.static_files import scripts_of

__all__ = ["embed_style"]

_TEMPLATES = ("event.html", "_seats.html", "_parts.html", "error.html")
_SHEETS = ("tokens.css", "shop.css")
_OWN = (
    ":host{display:block;position:relative;container-type:inline-size;background:none;font-family:inherit}"
    ":host([hidden]){display:none}"
    ".skip:not(:focus){clip-path:inset(50%)}"
    "main{padding:0}"
    ".map{margin-inline:0;border-inline:1px solid var(--line);border-radius:var(--radius-3)}"
    ".legend-strip{margin-inline:0;padding-inline:3px}"
)
"""The element takes the ground and the font of the page around it, and has no margin of a window to use."""

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[a-z][a-z0-9-]*")
_CLASS = re.compile(r"\.([a-z][\w-]*)")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_COMMA = re.compile(r",(?![^()]*\))")
_WIDTH = re.compile(r"\((?:min|max)-width: [^)]+\)")
_NUMBER = re.compile(r"\d+$")
_ICON = re.compile(r"--icon-([a-z-]+):[^;]*;")
_ICON_OF_A_RULE = re.compile(r"mask: var\(--(icon-[a-z-]+)\)")
_WINDOW_WIDTH = re.compile(r"(?<=\d)vw\b")


@cache
def embed_style() -> bytes:
    """Return the sheet."""
    folder = files("holdfast.web")
    sources = [folder / "templates" / name for name in _TEMPLATES]
    sources += [folder / "static" / name for name in scripts_of("embed.js")]
    words = frozenset(_WORD.findall(" ".join(each.read_text(encoding="utf-8") for each in sources)))
    sheets = "".join((folder / "static" / name).read_text(encoding="utf-8") for name in _SHEETS)
    plain = _SPACE.sub(" ", _COMMENT.sub("", sheets)).replace("color-scheme: light dark;", "")
    return ("".join(_kept(plain, words.union(_ICON_OF_A_RULE.findall(plain)))) + _OWN).encode()


def _kept(sheet: str, words: frozenset[str]) -> Iterator[str]:
    """Yield the rules that an element with these words can use."""
    for head, body in _rules(sheet):
        if body is None:
            yield f"{head};"
        elif head.startswith("@"):
            if inner := "".join(_kept(body, words)):
                yield _around(head, inner)
        elif selectors := [each for each in _COMMA.split(head) if _is_used(each.strip(), words)]:
            yield f"{','.join(_of_element(each.strip()) for each in selectors)}{{{_values(body, words)}}}"


def _rules(sheet: str) -> Iterator[tuple[str, str | None]]:
    """Yield each rule's head and body; a statement such as `@layer a, b` has no body."""
    at = 0
    while found := re.compile(r"[{;]").search(sheet, at):
        head = sheet[at : found.start()].strip()
        if found[0] == ";":
            yield head, None
            at = found.end()
            continue
        depth, end = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(sheet[end], 0)
            end += 1
        yield head, sheet[found.end() : end - 1].strip()
        at = end


def _is_used(selector: str, words: frozenset[str]) -> bool:
    """Return whether the element may have what a selector needs. What is in brackets is only one of several ways.

    A template or a script writes the number of a class such as `cat-3`.
    """
    needed = _CLASS.findall(_IN_BRACKETS.sub("", selector))
    return not selector.startswith("body") and all(
        name in words or _NUMBER.sub("", name) in words for name in needed
    )


def _of_element(selector: str) -> str:
    """Return the selector below a shadow root, where neither `:root` nor `html` is anything."""
    if selector == "html":
        return ":host"
    return re.sub(
        r":root(\[[^\]]*\])?", lambda found: f":host({found[1]})" if found[1] else ":host", selector
    )


def _values(body: str, words: frozenset[str]) -> str:
    """Return declarations without the pictures of unused icons. The element's own width counts, not the window's."""
    used = _ICON.sub(lambda found: found[0] if f"icon-{found[1]}" in words else "", body)
    return _WINDOW_WIDTH.sub("cqi", used.strip())


def _around(head: str, inner: str) -> str:
    """Return a group of rules. A condition of the window's width becomes one of the element's."""
    if not head.startswith("@media") or not (width := _WIDTH.search(head)):
        return f"{head}{{{inner}}}"
    rest = _WIDTH.sub("", head.removeprefix("@media")).replace(" and ", " ").strip()
    return f"@container {width[0]}{{{f'@media {rest}{{{inner}}}' if rest else inner}}}"
