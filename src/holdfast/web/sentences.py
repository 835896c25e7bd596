"""Sentences: what a page says when something was refused, in the buyer's words.

A program reads a code and a detail. A person reads what happened and what to do next. Every code that a page can
meet has a sentence here; any other gets the problem's own title and detail, in English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.errors import Forbidden
from holdfast.web.languages import gettext, ngettext

__all__ = ["Sentence", "known_codes", "sentence_for"]

Members = Mapping[str, Any]
"""The members of a problem (RFC 9457)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """`says`: what happened. `then`: what to do next. `tone`: how the banner looks."""

    title: str
    says: str
    then: str = ""
    tone: str = "warn"


def sentence_for(members: Members) -> Sentence:
    """Return the sentence of a problem."""
    known = _SENTENCES.get(members["code"])
    if known is not None:
        return known(members)
    return _plain(members)


def known_codes() -> set[str]:
    """Return the codes that have a sentence of their own."""
    return set(_SENTENCES)


def _fixed(title: str, says: str, then: str = "", tone: str = "warn") -> Callable[[Members], Sentence]:
    """Return the sentence in the visitor's language. A text that is empty needs no catalogue."""
    return lambda _: Sentence(
        title=gettext(title), says=gettext(says), then=gettext(then) if then else "", tone=tone
    )


def _plain(members: Members) -> Sentence:
    return Sentence(title=gettext(str(members["title"])), says=gettext(str(members["detail"])), tone="bad")


def _seats(members: Members) -> str:
    seats = [str(seat) for seat in members.get("seats", ())]
    if not seats:
        return gettext("a seat")
    return ngettext("seat %(seats)s", "seats %(seats)s", len(seats), seats=", ".join(seats))


def _seat_taken(members: Members) -> Sentence:
    return Sentence(
        title=gettext("Just taken"),
        says=gettext("Someone else just took %(seats)s.", seats=_seats(members)),
        then=gettext("Choose another seat, or let us find seats together."),
    )


def _seat_blocked(members: Members) -> Sentence:
    return Sentence(
        title=gettext("Not on sale"),
        says=gettext("Not on sale: %(seats)s.", seats=_seats(members)),
        then=gettext("Choose another seat."),
    )


def _sold_out(members: Members) -> Sentence:
    left = members.get("available")
    if left:
        return Sentence(
            title=gettext("Not enough left"),
            says=ngettext("There is %(count)s left.", "There are %(count)s left.", left),
            then=gettext("Hold %(count)s or fewer.", count=left),
        )
    return Sentence(
        title=gettext("Sold out for now"),
        says=gettext("Nothing is left at this moment. What others hold may come back."),
        then=gettext("Look again in a few minutes."),
    )


def _over_limit(members: Members) -> Sentence:
    limit = members.get("limit")
    says = (
        gettext("You can hold %(most)s at most.", most=limit)
        if limit
        else gettext("That is more than one person may hold.")
    )
    return Sentence(title=gettext("Too many at once"), says=says, then=gettext("Choose fewer."))


def _forbidden(members: Members) -> Sentence:
    if members.get("permission"):
        return Sentence(
            title=gettext("Not for your role"),
            says=gettext("Your role may not do this, so nothing was done."),
            then=gettext("Ask the owner of your organisation."),
            tone="bad",
        )
    if members["detail"] in (Forbidden.FOREIGN_FORM, Forbidden.FOREIGN_PAGE):
        return Sentence(
            title=gettext("Not from here"),
            says=gettext("This form came from another site, so nothing was done."),
            then=gettext("Begin at the event's page."),
            tone="bad",
        )
    if members["detail"] == Forbidden.OPEN_MODE_ONLY:
        return Sentence(
            title=gettext("Not on a page"),
            says=gettext("Mails have secret links, so a page shows them in open mode only."),
            then=gettext("On the server's machine, `holdfast mailbox` shows them."),
        )
    if members["detail"] == Forbidden.LIMITED:
        return Sentence(
            title=gettext("Not for your role"),
            says=gettext("You may see some events only, and this concerns all of the organisation's."),
            then=gettext("Ask the owner of your organisation."),
            tone="bad",
        )
    return _plain(members)


_NOT_UNDERSTOOD = _fixed(
    "Not understood",
    "The page sent something that the server does not understand.",
    "Open the event again, then choose.",
)
_TOO_LARGE = _fixed("Too much at once", "The browser sent more than the server takes.", "Choose fewer.")
_SENTENCES: dict[str, Callable[[Members], Sentence]] = {
    "seat_taken": _seat_taken,
    "seat_blocked": _seat_blocked,
    "sold_out": _sold_out,
    "quantity_over_limit": _over_limit,
    "not_together": _fixed(
        "Not side by side",
        "There are not that many seats left side by side.",
        "Choose fewer seats, another category, or seats in several places.",
    ),
    "event_not_on_sale": _fixed("Not on sale", "This event is not on sale now.", "The page says when it is."),
    "sales_stopped": _fixed(
        "Sales are paused",
        "The organiser has paused sales. Bookings stay valid.",
        "Try again later.",
    ),
    "event_cancelled": _fixed("Cancelled", "This event was cancelled.", "See what else is on."),
    "hold_expired": _fixed(
        "Your hold ran out",
        "The time of your hold is over, and the places are back on sale.",
        "Choose again.",
    ),
    "hold_released": _fixed("Given back", "You gave these places back.", "Choose again."),
    "hold_already_confirmed": _fixed(
        "Booked already", "These places are booked already. Nothing was booked twice.", tone="good"
    ),
    "hold_not_found": _fixed(
        "Not found here",
        "This browser has no such hold.",
        "Open it in the browser in which you chose the places.",
        tone="bad",
    ),
    "booking_not_found": _fixed(
        "Not found here",
        "This browser has no such booking.",
        "Open it in the browser in which you booked.",
        tone="bad",
    ),
    "link_not_valid": _fixed(
        "The link is over",
        "It was used already, or its 15 minutes are over.",
        "Ask for another one.",
    ),
    "event_not_found": _fixed(
        "No such event", "There is no event at this address.", "See what is on.", "bad"
    ),
    "not_found": _fixed("Nothing here", "There is no page at this address.", "See what is on.", "bad"),
    "forbidden": _forbidden,
    "idempotency_key_reused": _fixed(
        "Sent before", "You sent this page before, with another choice.", "Open the event again, then choose."
    ),
    "busy": _fixed(
        "Very many people", "Very many people want in right now.", "Press again in a few seconds."
    ),
    "unavailable": _fixed(
        "One moment", "We cannot sell at this moment. What you hold or booked is safe.", "Press again soon."
    ),
    "outcome_unknown": _fixed(
        "We lost the answer",
        "We do not know yet whether it worked.",
        "Press again: you will not be booked twice.",
    ),
    "rate_limited": _fixed(
        "Too many tries", "Too many tries came from here.", "Wait a minute, then try again."
    ),
    "in_progress": _fixed(
        "One moment", "Your first press is still on its way.", "Press again in a few seconds."
    ),
    "request_timeout": _fixed(
        "Too slow", "The page did not arrive as a whole, so nothing was done.", "Press again."
    ),
    "booking_already_cancelled": _fixed(
        "Cancelled", "This booking was cancelled, so its tickets are void.", "See what is on."
    ),
    "buyer_required": _fixed(
        "Who are you?", "The organiser sells this event only to people with a name.", "Write your name, too."
    ),
    "ticket_not_found": _fixed(
        "No such ticket", "This booking has no ticket with this number.", "Open the booking again.", "bad"
    ),
    "seat_unknown": _fixed("No such seat", "The event has no such seat.", "Choose another seat."),
    "area_unknown": _fixed(
        "No such area", "The event has no such area.", "Open the event again, then choose."
    ),
    "area_required": _NOT_UNDERSTOOD,
    "bad_request": _NOT_UNDERSTOOD,
    "duplicate_seat": _NOT_UNDERSTOOD,
    "expectation_failed": _NOT_UNDERSTOOD,
    "invalid_input": _NOT_UNDERSTOOD,
    "malformed_json": _NOT_UNDERSTOOD,
    "method_not_allowed": _NOT_UNDERSTOOD,
    "unsupported_media_type": _NOT_UNDERSTOOD,
    "body_too_large": _TOO_LARGE,
    "headers_too_large": _TOO_LARGE,
    "uri_too_long": _TOO_LARGE,
    "credentials_required": _fixed(
        "You are not signed in",
        "Your session is over, or this needs an account.",
        "Sign in, or press again to go on without.",
    ),
    "second_factor_required": _fixed(
        "The code did not match", "It is wrong, or it was used.", "Type the one that your app shows now."
    ),
    "second_factor_state": _fixed(
        "Not possible now",
        "The account has an app already, has none, or needs the last one that it has.",
        "Open the page again: it shows what there is.",
    ),
    "passkey_not_found": _fixed("No such passkey", "It was removed before.", "Open the page again."),
    "session_not_found": _fixed("That session is over", "It has ended before.", tone="good"),
    "last_owner": _fixed(
        "The last owner", "An organisation needs an owner.", "Make another member its owner first."
    ),
    "member_not_found": _fixed("No such member", "The person has left the team.", "Open the team again."),
    "webhook_not_found": _fixed("No such webhook", "It was deleted before.", "Open the list again."),
    "delivery_not_found": _fixed("No such delivery", "Its notice is too old.", "Open the list again."),
    "not_in_booking": _fixed(
        "Not in this booking", "The booking does not have these places.", "Open the booking again."
    ),
    "key_not_found": _fixed("No such key", "The organisation has no such key.", "Open the list again."),
    "key_ended": _fixed("The key is over", "It was revoked, or its last day is over.", "Make another one."),
    "block_not_found": _fixed("No such block", "The event has no such block.", "Open the places again."),
}
