"""Docs: the home page of a server, and its API as a page to read and try. All files are local."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Annotated

from pydantic import WithJsonSchema

from holdfast.access.permissions import Permission
from holdfast.api.pages import HTML, VARIES, choose_json, json_page, template
from holdfast.api.request import Request
from holdfast.errors import RouteNotFound
from holdfast.http.headers import accepts_gzip, etag
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
    response_type="text/html",
    answers={200: "<!doctype html>…"},
    json_answer=_ABOUT | {"open": True},
)
async def get_home(request: Request) -> Reply:
    """Return a page about this server and where to continue, or JSON for `Accept: application/json`."""
    if choose_json(request):
        return json_page(_ABOUT | {"open": request.open_mode})
    page = template("home.html").substitute(
        mode=_OPEN if request.open_mode else _CLOSED,
        address=escape(_address(request)),
        key="" if request.open_mode else _KEY,
        credentials="" if request.open_mode else _CREDENTIALS,
    )
    return Reply(body=page.encode(), headers=VARIES, content_type=HTML)


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


_OPEN = (
    "<strong>Open mode.</strong> Programs on this machine need no credentials and may do everything. "
    "It ends with the first API key: <code>holdfast keys create</code>."
)
_CLOSED = (
    "<strong>Closed.</strong> Anyone may read events on sale, hold and book. Everything else needs an API key. "
    "Make one on the server's machine: <code>holdfast keys create &quot;box office&quot; --scope organise</code>. "
    "The command shows the key once."
)
_KEY = "\nexport HOLDFAST_API_KEY=hfk_…"
_CREDENTIALS = ' \\\n     -H "Authorization: Bearer $HOLDFAST_API_KEY"'


def _address(request: Request) -> str:
    """Return the address for the page's commands.

    In open mode the caller is on this machine, without a proxy, so its own address serves. Anyone else needs the
    public address. A proxy hides it, and `Host` may be anything, so without the setting the reader fills it in.
    """
    if request.public_url:
        return request.public_url
    if request.open_mode:
        return f"{request.scope['scheme']}://{request.header(b'host') or 'localhost:8000'}"
    return "https://…  # the address of this page"


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
