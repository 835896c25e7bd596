"""Posters: send the picture of an event. Its name has the hash of its bytes, so it may be cached for ever."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.presentations import JPEG
from holdfast.api.v1.rights import visible_number
from holdfast.api.values import EventPath
from holdfast.errors import Fault, RouteNotFound
from holdfast.http.reply import Headers, Reply
from holdfast.http.routes import Routes
from holdfast.http.values import FromPath
from holdfast.presentation.records import Presentation
from holdfast.web.assets import FOR_EVER
from holdfast.web.page_routes import PageRoutes

__all__ = ["find_shown", "routes"]

routes: Routes = PageRoutes()

_NAME = re.compile(r"[0-9a-f]{16}(-small)?\.jpg")


PosterPath = Annotated[str, FromPath(lambda text: text if _NAME.fullmatch(text) else None, RouteNotFound)]
"""The digest of a picture, and which of its forms."""


@routes.get("/e/{event}/posters/{file}", policy=Permission.PUBLIC)
async def show_poster(request: Request, event: EventPath, file: PosterPath) -> Reply:
    """Return a picture of the event. The address of a picture that was replaced has none."""
    number = await visible_number(request, event)
    digest, small = file[:16], file.endswith("-small.jpg")
    found = await request.presentations.find_poster(number, digest)
    if found is None:
        raise RouteNotFound
    headers: Headers = ((b"cache-control", FOR_EVER),)
    return Reply(body=found[small], headers=headers, content_type=JPEG)


async def find_shown(request: Request, numbers: Sequence[int]) -> Mapping[int, Presentation]:
    """Return what pages show of events beside their facts. If it cannot be read, the pages sell without it."""
    try:
        return await request.presentations.find_many(numbers)
    except Fault:
        return {}
