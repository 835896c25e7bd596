"""Presented: the part of the event forms that says what the event's page shows, its description and its poster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.people import actor_of
from holdfast.api.v1.presentations import Description, read_picture
from holdfast.errors import InvalidInput
from holdfast.http.page_forms import PageForm
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.presentation.markdown import safe_html
from holdfast.presentation.records import MAX_DESCRIPTION, PosterImage
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import from_staff
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page

__all__ = ["Presented", "read_presented", "routes", "save_presented"]

routes: Routes = PageRoutes()


class DescriptionIn(PageForm):
    """What is typed, to show it as the page will."""

    description: str = ""


class _Checked(BaseModel):
    description: Description


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What the form asks for. Without a picture, the poster stays, or goes if `drops_poster`."""

    description: str = ""
    picture: PosterImage | None = None
    drops_poster: bool = False


@routes.post("/organise/description", policy=Permission.EVENTS_WRITE)
@from_staff
async def show_description(request: Request, form: DescriptionIn) -> Reply:
    """Return a description as the page will show it."""
    return page(request, "organise_description.html", html=safe_html(form.description[:MAX_DESCRIPTION]))


async def read_presented(request: Request, typed: Mapping[str, str], wrong: dict[str, str]) -> Presented:
    """Return what the form asks for. What is wrong is noted at its field."""
    description, picture = "", None
    try:
        description = _Checked(description=typed["description"]).description or ""
    except ValidationError:
        wrong["description"] = gettext(
            "Write %(most)s characters or fewer, without control characters.", most=MAX_DESCRIPTION
        )
    if typed["poster"]:
        try:
            picture = await read_picture(request, typed["poster"])
        except InvalidInput:
            wrong["poster"] = gettext(
                "Choose a PNG, JPEG or WebP picture of %(size)s MB and 25 megapixels or fewer.", size=8
            )
    return Presented(
        description=description, picture=picture, drops_poster=bool(typed["drop_poster"]) and picture is None
    )


async def save_presented(
    request: Request, number: int, presented: Presented, *, like: int | None = None
) -> None:
    """Save what the form asks for. A copy begins with the poster of the event that it is `like`."""
    by, presentations = actor_of(request), request.presentations
    if presented.description or (await presentations.get(number)).description:
        await presentations.describe(number, presented.description, by=by)
    if presented.picture is not None:
        await presentations.set_poster(number, presented.picture, by=by)
    elif presented.drops_poster:
        await presentations.remove_poster(number, by=by)
    elif like is not None:
        await presentations.copy(like, number, by=by)
