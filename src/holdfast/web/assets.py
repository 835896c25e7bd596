"""Assets: sends the static files of the pages. Each may be cached for ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.errors import RouteNotFound
from holdfast.http.headers import accepts_gzip, etag
from holdfast.http.reply import Headers, Reply
from holdfast.http.routes import Routes
from holdfast.http.values import FromPath
from holdfast.web.page_routes import PageRoutes
from holdfast.web.static_files import StaticFile, all_static_files

__all__ = ["FOR_EVER", "routes", "send_file"]

routes: Routes = PageRoutes()

_DECODER_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
)
"""A worker has a policy of its own. Only that of the camera may run WebAssembly, and the pages' stays strict."""
_DECODER = "decode_worker"
FOR_EVER = b"public, max-age=31536000, immutable"


def _known(text: str) -> str | None:
    return text if text in all_static_files() else None


@routes.get("/assets/{file}", policy=Permission.PUBLIC, anonymous=True)
async def get_asset(request: Request, file: Annotated[str, FromPath(_known, RouteNotFound)]) -> Reply:
    """Return a file of the pages."""
    reply = send_file(request, all_static_files()[file], keep=FOR_EVER)
    if file.startswith(_DECODER):
        reply = replace(reply, headers=(*reply.headers, _DECODER_POLICY))
    return reply


def send_file(request: Request, asset: StaticFile, *, keep: bytes) -> Reply:
    """Return a file, packed for a browser that unpacks it. `keep` says how long it may be kept."""
    packed = accepts_gzip(request.header(b"accept-encoding"))
    headers: Headers = (
        (b"cache-control", keep),
        (b"vary", b"accept-encoding"),
        (b"etag", etag(f"{asset.digest}{'-gzip' if packed else ''}")),
    )
    if packed:
        headers = (*headers, (b"content-encoding", b"gzip"))
    return Reply(
        body=asset.packed if packed else asset.content, headers=headers, content_type=asset.content_type
    )
