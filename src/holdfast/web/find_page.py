"""Find page: a buyer who has lost a booking asks for a link to it, and opens the link."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.attempts import one_attempt
from holdfast.api.request import Request
from holdfast.api.v1.booking_links import BookingLinkIn, request_booking_link
from holdfast.errors import HoldfastError, LinkNotValid
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.problems import problem_members
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.languages import mark
from holdfast.web.cookies import keep_token
from holdfast.web.languages import gettext
from holdfast.web.mailed import mailed
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page, redirect
from holdfast.web.sentences import Sentence, sentence_for

__all__ = ["routes"]

routes: Routes = PageRoutes()

_Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_WRONG = {
    "reference": mark("It has eight letters and digits, like 4K2M-9Q7T."),
    "email": mark("Write an address like name@example.org."),
}


class SoughtBookingIn(PageForm):
    """What the buyer remembers."""

    reference: _Typed = ""
    email: _Typed = ""


class OpenedLinkIn(PageForm):
    """The secret of the link, which the page's script took from behind `#`."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


@routes.get("/find", policy=Permission.PUBLIC, anonymous=True)
async def show_find(request: Request) -> Reply:
    """Show the form that asks for a link."""
    return _find_page(request, SoughtBookingIn())


@routes.post("/find", policy=Permission.PUBLIC, anonymous=True)
async def find(request: Request, form: SoughtBookingIn) -> Reply:
    """Have a link mailed. A right and a wrong guess get the same page."""
    refuse_foreign_form(request)
    try:
        sought = BookingLinkIn(reference=form.reference, email=form.email)
    except ValidationError as failed:
        wrong = {name: gettext(_WRONG[name]) for name in (str(error["loc"][0]) for error in failed.errors())}
        return _find_page(request, form, status=422, wrong=wrong)
    try:
        await request_booking_link(request, sought)
    except HoldfastError as error:
        members = problem_members(error, request.request_id, pages="")
        return _find_page(request, form, status=error.status, message=sentence_for(members))
    message = mailed(
        request,
        gettext(
            "If %(reference)s was booked with %(email)s, a link is on its way. It works once, for 15 minutes.",
            reference=form.reference.upper(),
            email=form.email,
        ),
        gettext(
            "Nothing there? Look into the spam folder, or try the address that you used when you booked."
        ),
    )
    return _find_page(request, form, message=message)


@routes.get("/my/open", policy=Permission.PUBLIC, anonymous=True)
async def show_open(request: Request) -> Reply:
    """Show the button that opens a booking by the link of a mail."""
    return page(request, "open.html", message=None)


@routes.post("/my/open", policy=Permission.PUBLIC, anonymous=True)
async def open_booking(request: Request, form: OpenedLinkIn) -> Reply:
    """Give the browser the proof of the booking, and go on to it."""
    refuse_foreign_form(request)
    try:
        async with one_attempt(request, "booking-link", account=form.token):
            booking, hold_token = await request.booking_links.open(form.token)
    except LinkNotValid as error:
        members = problem_members(error, request.request_id, pages="")
        return page(request, "open.html", status=error.status, here="my/open", message=sentence_for(members))
    cookie = keep_token(request, booking.id, hold_token)
    return redirect(request, f"my/bookings/{booking.id}", headers=(cookie,))


def _find_page(
    request: Request,
    typed: SoughtBookingIn,
    *,
    status: int = 200,
    message: Sentence | None = None,
    wrong: dict[str, str] | None = None,
) -> Reply:
    return page(
        request, "find.html", status=status, here="find", typed=typed, message=message, wrong=wrong or {}
    )
