"""Presentations: the description and the poster of an event, which its page shows beside its facts.

Anyone reads them, for an event that is not a draft. To change them needs `events:write`. They are no part of the sale:
a change adds no version to the event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.people import actor_of
from holdfast.api.v1.rights import own_number, visible_event
from holdfast.api.values import EventPath
from holdfast.errors import EventNotFound, FieldError, InvalidInput, RouteNotFound
from holdfast.http.headers import etag
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.inventory.seating.label import find_problem_of_text
from holdfast.presentation.pictures import MAX_BYTES, MAX_PIXELS, PictureRefused
from holdfast.presentation.records import MAX_DESCRIPTION, Poster, PosterImage, Presentation

__all__ = [
    "JPEG",
    "POSTER_LIMIT",
    "ChangePresentationIn",
    "poster_file",
    "presentation_json",
    "read_picture",
    "routes",
]

routes = Routes(tag="events")

POSTER_LIMIT = 12 * 1024 * 1024
"""The body limit of an upload in base 64."""
JPEG = b"image/jpeg"

_MEGABYTES = MAX_BYTES // (1024 * 1024)
_MEGAPIXELS = MAX_PIXELS // 1_000_000


def _prose(value: Any) -> str | None:
    """Return a text of several lines. What a name may not have, it may not have either."""
    if value is None:
        return None
    text = value.replace("\r\n", "\n").strip("\n") if isinstance(value, str) else value
    lines = text.replace("\n", " ").replace("\t", " ") if isinstance(text, str) else text
    problem = find_problem_of_text(lines, limit=MAX_DESCRIPTION)
    if problem is not None:
        raise PydanticCustomError("invalid_text", "{text}", {"text": problem})
    return str(text)


Description = Annotated[
    str | None,
    BeforeValidator(_prose),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": MAX_DESCRIPTION}, {"type": "null"}]}),
]


class PosterOut(BaseModel):
    """The poster as the server has written it, a JPEG. Other bytes have other paths, so each may be kept for ever."""

    path: str = Field(description="From the server's root.")
    small_path: str = Field(description="The same picture for lists.")
    width: int
    height: int


class PresentationOut(BaseModel):
    """What the page of an event shows beside its facts."""

    event_number: int
    description: str = Field(description="In Markdown; empty without one.")
    html: str = Field(description="The description as the page shows it. It has no script, picture or style.")
    summary: str = Field(description="Its first words, as plain text.")
    poster: PosterOut | None
    changed_at: datetime | None = Field(description="null: never.")


class ChangePresentationIn(In):
    """null removes the description."""

    description: Description = Field(
        description="In Markdown (CommonMark). HTML and pictures in it are not shown."
    )


class SetPosterIn(In):
    image: str = Field(
        max_length=POSTER_LIMIT,
        description=f"A PNG, JPEG or WebP file in base 64, of {_MEGABYTES} MB and {_MEGAPIXELS} megapixels or fewer.",
    )


_TEXT = "## Doors at seven\n\nWith a talk *before* the concert."
_POSTER = {
    "path": "e/7/posters/4c0f9d2b71e68a35.jpg",
    "small_path": "e/7/posters/4c0f9d2b71e68a35-small.jpg",
    "width": 1600,
    "height": 900,
}
_EXAMPLE = {
    "event_number": 7,
    "description": _TEXT,
    "html": "<h3>Doors at seven</h3>\n<p>With a talk <em>before</em> the concert.</p>\n",
    "summary": "Doors at seven With a talk before the concert.",
    "poster": _POSTER,
    "changed_at": "2026-11-05T09:00:00Z",
}
_DOT = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQAQAAAAA3iMLMAAAAD0lEQVR42mP8z8DEQAICADIBAR/gNlhXAAAAAElFTkSuQmCC"


def poster_file(number: int, poster: Poster, *, small: bool = False) -> str:
    """Return the path of a poster from the server's root."""
    return f"e/{number}/posters/{poster.digest}{'-small' if small else ''}.jpg"


def presentation_json(found: Presentation) -> dict[str, Any]:
    number, poster = found.event_number, found.poster
    return {
        "event_number": number,
        "description": found.description,
        "html": found.html,
        "summary": found.summary,
        "poster": None
        if poster is None
        else {
            "path": poster_file(number, poster),
            "small_path": poster_file(number, poster, small=True),
            "width": poster.width,
            "height": poster.height,
        },
        "changed_at": found.changed_at,
    }


@routes.get(
    "/v1/events/{event}/presentation",
    policy=Permission.PUBLIC,
    response=PresentationOut,
    errors=[EventNotFound],
    answers={200: _EXAMPLE},
)
async def get_presentation(request: Request, event: EventPath) -> dict[str, Any]:
    """Return the description of an event, and where its poster is."""
    found = await visible_event(request, event)
    return presentation_json(await request.presentations.get(found.number))


@routes.patch(
    "/v1/events/{event}/presentation",
    policy=Permission.EVENTS_WRITE,
    response=PresentationOut,
    errors=[EventNotFound],
    examples={"a description": {"description": _TEXT}},
    answers={200: _EXAMPLE},
)
async def change_presentation(
    request: Request, event: EventPath, body: ChangePresentationIn
) -> dict[str, Any]:
    """Change the description of an event. A repeat changes nothing.

    Pages of other processes follow in seconds. The audit says who did it, within seconds.
    """
    number = await own_number(request, event)
    found = await request.presentations.describe(number, body.description or "", by=actor_of(request))
    return presentation_json(found)


@routes.get(
    "/v1/events/{event}/poster",
    policy=Permission.PUBLIC,
    response_type="image/jpeg",
    errors=[EventNotFound, RouteNotFound],
    answers={200: "… a JPEG …"},
)
async def get_poster(request: Request, event: EventPath, *, small: bool = False) -> Reply:
    """Return the poster of an event, or its small form. An event without one has none: 404."""
    found = await visible_event(request, event)
    poster = (await request.presentations.get(found.number)).poster
    files = None if poster is None else await request.presentations.find_poster(found.number, poster.digest)
    if poster is None or files is None:
        raise RouteNotFound(RouteNotFound.NO_POSTER)
    tag = etag(poster.digest + ("-small" if small else ""))
    return Reply(body=files[small], headers=((b"etag", tag),), content_type=JPEG)


@routes.route(
    "PUT",
    "/v1/events/{event}/poster",
    policy=Permission.EVENTS_WRITE,
    body_limit=POSTER_LIMIT,
    response=PresentationOut,
    errors=[EventNotFound, InvalidInput],
    examples={"a small picture": {"image": _DOT}},
    answers={200: _EXAMPLE},
)
async def put_poster(request: Request, event: EventPath, body: SetPosterIn) -> dict[str, Any]:
    """Set the poster of an event.

    The server writes the picture again, at most 1600 pixels wide and high. So nothing else of the file is kept, such
    as the place where it was taken. A repeat changes nothing.
    The audit says who did it, within seconds.
    """
    number = await own_number(request, event)
    picture = await read_picture(request, body.image)
    found = await request.presentations.set_poster(number, picture, by=actor_of(request))
    return presentation_json(found)


async def read_picture(request: Request, image: str) -> PosterImage:
    """Return an upload as a poster. Raises InvalidInput."""
    try:
        return await request.presentations.read_picture(image)
    except PictureRefused:
        raise InvalidInput.in_field("/image", "wrong_format", FieldError.POSTER) from None


@routes.route(
    "DELETE",
    "/v1/events/{event}/poster",
    policy=Permission.EVENTS_WRITE,
    status=204,
    errors=[EventNotFound],
)
async def delete_poster(request: Request, event: EventPath) -> Reply:
    """Remove the poster of an event. Without one, nothing changes. The audit says who did it, within seconds."""
    number = await own_number(request, event)
    await request.presentations.remove_poster(number, by=actor_of(request))
    return Reply(status=204)
