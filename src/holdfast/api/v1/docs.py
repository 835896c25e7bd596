"""Docs: what a server has, and its API as a page to read and try. All files are local."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Annotated

from pydantic import WithJsonSchema

from holdfast.access.permissions import Permission
from holdfast.api.pages import HTML, VARIES, json_page, template
from holdfast.api.request import Request
from holdfast.errors import RouteNotFound
from holdfast.http.headers import accepts_gzip, etag, weights
from holdfast.http.reply import Headers, Reply
from holdfast.http.routes import Routes
from holdfast.http.values import FromPath

__all__ = ["routes"]

routes = Routes(tag="service", lenient=True)  # a link to a page may carry any query

_CACHED = b"public, max-age=3600"

_CSS = b"text/css; charset=utf-8"
_SCRIPT = b"text/javascript; charset=utf-8"
_ASSETS = {
    "holdfast.css": ("holdfast.css", _CSS),
    "explorer.css": ("explorer.css", _CSS),
    "explorer.js": ("explorer.js", _SCRIPT),
    "icon.svg": ("icon.svg", b"image/svg+xml"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", _CSS),
    "swagger-ui.js": ("swagger-ui/swagger-ui-bundle.js", _SCRIPT),
}
"""The only files that are served: name in the path, file below `static`, and type."""

AssetPath = Annotated[
    str,
    FromPath(lambda text: text if text in _ASSETS else None, RouteNotFound),
    WithJsonSchema({"type": "string", "enum": sorted(_ASSETS)}),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file, ready to send."""

    content: bytes
    tag: bytes
    packed: bytes
    packed_tag: bytes
    content_type: bytes


_ABOUT = {
    "name": "Holdfast",
    "open": False,
    "docs": "docs",
    "openapi": "openapi.json",
    "dialects": "dialects/openapi.json",
    "problems": "problems",
    "health": "healthz",
    "ready": "readyz",
}
"""The references are relative, as on all pages: below a proxy's path prefix they stay below it."""


@routes.get(
    "/",
    policy=Permission.PUBLIC,
    answers={200: _ABOUT | {"open": True}, 303: None},
)
async def get_home(request: Request) -> Reply:
    """Return what this server has, or send a browser to the events. A browser asks for HTML by name."""
    accepted = weights(request.header(b"accept"))
    if accepted.get("text/html", 0) > accepted.get("application/json", 0):
        location = (request.root + "whats-on").encode("ascii")
        return Reply(status=303, headers=(*VARIES, (b"location", location)), content_type=HTML)
    return json_page(_ABOUT | {"open": request.open_mode})


@routes.get(
    "/docs",
    policy=Permission.PUBLIC,
    anonymous=True,
    response_type="text/html",
    answers={200: "<!doctype html>…"},
)
async def get_docs(request: Request) -> Reply:  # noqa: ARG001 - every route gets the request
    """Return this API as a page to read and to try in a browser."""
    return Reply(body=template("explorer.html").template.encode(), content_type=HTML)


@routes.get(
    "/docs/{file}",
    policy=Permission.PUBLIC,
    anonymous=True,
    response_type="text/css",
    answers={200: ":root { … }"},
)
async def get_docs_file(request: Request, file: AssetPath) -> Reply:
    """Return a style sheet, script or picture of the pages."""
    asset = await asyncio.to_thread(_asset, file)
    headers: Headers = ((b"cache-control", _CACHED), (b"vary", b"accept-encoding"))
    if accepts_gzip(request.header(b"accept-encoding")):
        headers += ((b"etag", asset.packed_tag), (b"content-encoding", b"gzip"))
        return Reply(body=asset.packed, headers=headers, content_type=asset.content_type)
    headers += ((b"etag", asset.tag),)
    return Reply(body=asset.content, headers=headers, content_type=asset.content_type)


@cache
def _asset(name: str) -> Asset:
    path, content_type = _ASSETS[name]
    content = (files("holdfast.api") / "static" / path).read_bytes()
    digest = sha256(content).hexdigest()[:20]
    return Asset(
        content=content,
        tag=etag(digest),
        packed=gzip.compress(content, mtime=0),
        packed_tag=etag(f"{digest}-gzip"),
        content_type=content_type,
    )
