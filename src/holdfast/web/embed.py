"""Embed: `<holdfast-seat-map>`, the seat map as an element of other sites' pages. Its files keep their addresses."""

from __future__ import annotations

from functools import cache

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.web.assets import send_file
from holdfast.web.embed_style import embed_style
from holdfast.web.page_routes import PageRoutes
from holdfast.web.static_files import StaticFile, asset_path, imported_by, make_file, static_file

__all__ = ["routes"]

routes: Routes = PageRoutes()

_FOR_MINUTES = b"public, max-age=300"
"""Then the element of an upgraded server is on every page."""


@routes.get("/embed/seat-map.js", policy=Permission.PUBLIC, anonymous=True)
async def get_embed_script(request: Request) -> Reply:
    """Return the module that defines the element."""
    return send_file(request, _script(), keep=_FOR_MINUTES)


@routes.get("/embed/seat-map.css", policy=Permission.PUBLIC, anonymous=True)
async def get_embed_style(request: Request) -> Reply:
    """Return the element's style sheet, which its script asks for."""
    return send_file(request, _style(), keep=_FOR_MINUTES)


@routes.get("/embed/seat-map.d.ts", policy=Permission.PUBLIC, anonymous=True)
async def get_embed_types(request: Request) -> Reply:
    """Return the types of the module."""
    return send_file(request, static_file("seat-map.d.ts"), keep=_FOR_MINUTES)


@cache
def _script() -> StaticFile:
    """Return a module that names all others, so that a browser asks for them at once and not one after the other."""
    others = "".join(f'import "../{path}";\n' for path in imported_by("embed.js"))
    own = f'export {{ HoldfastSeatMap }} from "../{asset_path("embed.js")}";\n'
    return make_file("seat-map.js", (others + own).encode())


@cache
def _style() -> StaticFile:
    return make_file("seat-map.css", embed_style())
