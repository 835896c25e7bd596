"""Static files: style sheets, scripts and pictures of the pages. A name carries the hash of its content.

A script imports others by their plain names, and is sent with the hashed ones. So a changed script changes the names
of all that import it, and each may be kept for ever. It is sent without its comments and indents, a third of it.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

__all__ = [
    "StaticFile",
    "all_static_files",
    "asset_path",
    "imported_by",
    "make_file",
    "scripts_of",
    "static_file",
]

_TYPES = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
    "wasm": b"application/wasm",
    "ts": b"text/plain; charset=utf-8",
}


_VENDORED = {
    "uplot.js": "vendor/uplot/uPlot.iife.min.js",
    "uplot.css": "vendor/uplot/uPlot.min.css",
    "zxing_reader.js": "vendor/zxing-wasm/reader.js",
    "zxing_share.js": "vendor/zxing-wasm/share.js",
    "zxing_reader.wasm": "vendor/zxing-wasm/zxing_reader.wasm",
}
"""Files of others, by the names that we send them under. They are sent as they are, but for what they import."""
_SHARE = b'"../share.js"'

_IMPORT = re.compile(rb'(from|import) "\./([a-z_]+\.js)"')
_COMMENT = re.compile(
    rb"^[ \t]*(?://[^\n]*|/\*\*(?:(?!\*/).)*\*/[ \t]*)\n|/\*\*(?:(?!\*/).)*\*/ ?", re.DOTALL | re.MULTILINE
)
"""A comment that has its lines for itself, or stands within one. No text of a script has these signs."""

_MARGIN = re.compile(rb"^[ \t]+|[ \t]+// [^\n\"'`]*$", re.MULTILINE)
"""What is before and after the code of a line. No text of a script is longer than its line: a test looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A file, ready to send. `name` has the hash of its content, so the file under one name never changes."""

    name: str
    content: bytes
    packed: bytes
    digest: str
    content_type: bytes


@cache
def all_static_files() -> dict[str, StaticFile]:
    """Return every file of `static` by its name with the hash."""
    names = [file.name for file in (files("holdfast.web") / "static").iterdir() if file.is_file()]
    return {found.name: found for found in map(static_file, (*names, *_VENDORED))}


def asset_path(name: str) -> str:
    """Return the path of a file below the server's root."""
    return f"assets/{static_file(name).name}"


def imported_by(name: str) -> tuple[str, ...]:
    """Return the paths of all scripts that a script needs, so that a page can name them before they are asked for."""
    return tuple(asset_path(each) for each in scripts_of(name)[1:])


@cache
def scripts_of(name: str) -> tuple[str, ...]:
    """Return a script, and all that it needs, by their plain names."""
    found = {name: None}
    for _, raw in _IMPORT.findall(_source(name)):
        found |= dict.fromkeys(scripts_of(raw.decode("ascii")))
    return tuple(found)


@cache
def static_file(name: str) -> StaticFile:
    """Return a file of `static`. Scripts do not import each other in a circle."""
    content = _source(name)
    if name.endswith(".js"):
        if name not in _VENDORED:
            content = _MARGIN.sub(b"", _COMMENT.sub(b"", content))
        content = _IMPORT.sub(_with_hash, content)
    return make_file(name, content)


def _source(name: str) -> bytes:
    vendored = _VENDORED.get(name)
    content = (files("holdfast.web") / "static" / (vendored or name)).read_bytes()
    return content if vendored is None else content.replace(_SHARE, b'"./zxing_share.js"')


def make_file(name: str, content: bytes) -> StaticFile:
    """Return a file of this name and content, ready to send."""
    stem, _, extension = name.rpartition(".")
    digest = sha256(content).hexdigest()[:12]
    return StaticFile(
        name=f"{stem}.{digest}.{extension}",
        content=content,
        packed=gzip.compress(content, mtime=0),
        digest=digest,
        content_type=_TYPES[extension],
    )


def _with_hash(found: re.Match[bytes]) -> bytes:
    return b'%b "./%b"' % (found[1], static_file(found[2].decode("ascii")).name.encode("ascii"))
