"""Places of a booking: cancel some of them, or exchange them for others, all or nothing, in one press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import BeforeValidator, StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.booking_bodies import CancelBookingIn, ExchangeBookingIn
from holdfast.api.v1.bookings import cancel_booking, exchange_booking
from holdfast.api.v1.rights import own_number
from holdfast.api.values import BookingPath
from holdfast.errors import BookingNotFound, EventNotFound
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.ids import event_number_of
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF
from holdfast.inventory.rules.event import FullEvent
from holdfast.web.languages import gettext, ngettext
from holdfast.web.organise.frame import RefusedCommand, StaffForm, from_staff, organiser_page, run
from holdfast.web.organise.seat_words import typed_labels
from holdfast.web.organise.webhooks import as_list
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence, sentence_for

__all__ = ["booking_of", "refusal_of", "routes"]

routes: Routes = PageRoutes()

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40_000)]
_Many = Annotated[tuple[_Line, ...], BeforeValidator(as_list)]


class PlacesIn(StaffForm):
    """Which places go, and what comes instead. `counts` has a number for each area, in the page's order."""

    seats: _Many = ()
    counts: _Many = ()
    new_seats: _Text = ""
    new_area: _Line = ""
    new_count: _Line = ""
    best: _Line = ""
    category: _Line = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedArea:
    """A counted part of a booking."""

    name: str
    quantity: int


@routes.get("/organise/bookings/{booking}/places", policy=Permission.BOOKINGS_CANCEL)
async def show_places_of_booking(request: Request, booking: BookingPath) -> Reply:
    """Show what the booking has, and what it may have instead."""
    return await _places_page(request, booking)


@routes.post("/organise/bookings/{booking}/places/cancel", policy=Permission.BOOKINGS_CANCEL)
@from_staff
async def cancel_places(request: Request, booking: BookingPath, form: PlacesIn) -> Reply:
    """Cancel the ticked places. The rest stays booked, and its tickets keep their codes."""
    found, _ = await booking_of(request, booking)
    returns = _returned(found, form)
    if not returns:
        return await _refused(request, booking, form, gettext("Tick the places that go."))
    try:
        asked = CancelBookingIn.model_validate({"lines": returns})
    except ValidationError:
        return await _refused(request, booking, form, gettext("Write less."))
    return await _after(request, booking, cancel_booking(request, booking, asked), "part", form)


@routes.post("/organise/bookings/{booking}/places/exchange", policy=Permission.BOOKINGS_CANCEL)
@from_staff
async def exchange_places(request: Request, booking: BookingPath, form: PlacesIn) -> Reply:
    """Exchange the ticked places, or all of them if none is ticked, for as many others."""
    found, event = await booking_of(request, booking)
    returns = _returned(found, form)
    wanted, instead = _instead(event, form)
    leaving = sum(len(line["seats"]) if "seats" in line else line["quantity"] for line in returns)
    leaving = leaving or found.quantity
    if instead is None:
        return await _refused(request, booking, form, gettext("Write how many places."))
    if not instead:
        return await _refused(request, booking, form, gettext("Choose what the booking has instead."))
    if wanted != leaving:
        says = ngettext("%(count)s place goes.", "%(count)s places go.", leaving)
        then = ngettext(
            "You chose %(count)s instead. Choose as many.",
            "You chose %(count)s instead. Choose as many.",
            wanted,
        )
        return await _refused(request, booking, form, f"{says} {then}")
    try:
        asked = ExchangeBookingIn.model_validate({"returns": returns or None, "lines": instead})
    except ValidationError as failed:
        typed = typed_labels(form.new_seats)
        places = [each["loc"] for each in failed.errors() if each["loc"][0] == "lines"]
        seats = ", ".join(typed[int(loc[3])] for loc in places if len(loc) > 3)
        if not seats:
            return await _refused(request, booking, form, gettext("Write less."))
        says = gettext("These are not labels of seats: %(seats)s", seats=seats)
        return await _refused(request, booking, form, says)
    return await _after(request, booking, exchange_booking(request, booking, asked), "exchange", form)


async def booking_of(request: Request, id: UUID) -> tuple[Booking, FullEvent]:
    """Return a booking of the caller's organisation with its event. Raises BookingNotFound for any other."""
    number = event_number_of(id)
    try:
        number = await own_number(request, 0 if number is None else number, Permission.BOOKINGS_READ)
    except EventNotFound:
        raise BookingNotFound from None
    queries = request.inventory.queries
    return await queries.get_booking(id, STAFF), await queries.get_event(number)


def refusal_of(refused: RefusedCommand, labels: Sequence[str]) -> Sentence:
    """Return what the page says. The problem names a seat by its place in the request, and the page by its label."""
    places = [str(each["pointer"]).rpartition("/seats/")[2] for each in refused.members.get("errors") or ()]
    seats = [labels[int(place)].upper() for place in places if place.isdigit() and int(place) < len(labels)]
    return sentence_for({**refused.members, "seats": seats})


def _returned(booking: Booking, form: PlacesIn) -> list[dict[str, Any]]:
    """Return what goes, as lines of a request. What is no number of places counts as none."""
    lines: list[dict[str, Any]] = [{"seats": list(form.seats)}] if form.seats else []
    for area, text in zip(_areas(booking), form.counts, strict=False):
        if text.isascii() and text.isdigit() and 0 < int(text) < 10**6:
            lines.append({"area": area.name, "quantity": int(text)})
    return lines


def _instead(event: FullEvent, form: PlacesIn) -> tuple[int, list[dict[str, Any]] | None]:
    """Return how many admissions come, and the lines that ask for them; None for what is no number."""
    lines: list[dict[str, Any]] = []
    labels, wanted = typed_labels(form.new_seats), 0
    if labels:
        lines.append({"seats": labels})
        wanted += len(labels)
    for text in (form.new_count, form.best):
        if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 10**6):
            return 0, None
    if form.new_count:
        counted = [area.name for area in event.areas if not area.seated]
        lines.append({"area": form.new_area or counted[0], "quantity": int(form.new_count)})
        wanted += int(form.new_count)
    if form.best:
        chosen = {"category": form.category} if form.category else {}
        lines.append({"best_available": int(form.best), **chosen})
        wanted += int(form.best)
    return wanted, lines


def _areas(booking: Booking) -> list[BookedArea]:
    """Return the counted areas of a booking, each once."""
    counted: dict[str, int] = {}
    for line in booking.lines:
        if line.area is not None:
            counted[line.area] = counted.get(line.area, 0) + line.quantity
    return [BookedArea(name=name, quantity=quantity) for name, quantity in counted.items()]


async def _refused(request: Request, booking: UUID, form: PlacesIn, says: str) -> Reply:
    message = Sentence(title=gettext("Nothing is changed"), says=says)
    return await _places_page(request, booking, message=message, typed=form, status=422)


async def _after(request: Request, booking: UUID, command: Any, done: str, form: PlacesIn) -> Reply:
    result = await run(request, command)
    if isinstance(result, RefusedCommand):
        message = refusal_of(result, typed_labels(form.new_seats))
        return await _places_page(request, booking, message=message, typed=form, status=result.status)
    return redirect(request, f"organise/bookings/{booking}?done={done}")


async def _places_page(
    request: Request,
    id: UUID,
    *,
    message: Sentence | None = None,
    typed: PlacesIn | None = None,
    status: int = 200,
) -> Reply:
    booking, event = await booking_of(request, id)
    typed = typed or PlacesIn(form_key=uuid4())
    return await organiser_page(
        request,
        "organise_booking_places.html",
        here=f"organise/bookings/{id}/places",
        tab="bookings",
        event=event,
        status=status,
        message=message,
        booking=booking,
        seats=[label for line in booking.lines for label in line.seats],
        areas=_areas(booking),
        counted=[area.name for area in event.areas if not area.seated and area.state == "open"],
        categories=list(
            dict.fromkeys(area.category for area in event.areas if area.seated and area.category)
        ),
        is_seated=any(area.seated for area in event.areas),
        typed=typed,
    )
