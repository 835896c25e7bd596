"""Messages: what an organiser writes to everybody who has booked an event."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.booking_mail import BookingMail
from holdfast.api.event_messages import EventMessages, SentMessage, message_name
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page
from holdfast.api.v1.people import actor_of
from holdfast.api.v1.rights import own_number
from holdfast.api.values import EventPath, Name, Paragraph
from holdfast.errors import EventNotFound
from holdfast.http.routes import Routes
from holdfast.http.values import In

routes = Routes(tag="bookings")

_MAX_LISTED = 50


class WriteMessageIn(In):
    """The words of a message. The same words to one event are one message."""

    subject: Name
    paragraphs: Annotated[list[Paragraph], Field(min_length=1, max_length=50)]


class EventMessagePreviewOut(BaseModel):
    """What everybody would read, and who is everybody."""

    people: int = Field(description="Readers: each address and each account counts once.")
    without_address: int = Field(description="Confirmed bookings of nobody who could be written to.")
    sent_before: bool = Field(
        description="Whether this message was sent already, so that it would reach nobody."
    )
    subject: str
    text: str = Field(description="The mail as plain text.")


class EventMessageOut(BaseModel):
    """A message, and how many of its mails are sent. It is listed for as long as its mails are kept."""

    message: str = Field(description="Names the message by its words.", examples=["5f1c0b7de2a94c38"])
    subject: str
    paragraphs: list[str]
    sent_by: str
    sent_at: datetime
    sent: int
    waiting: int = Field(description="Mails that are on their way.")
    parked: int = Field(description="Mails that wait for a person, such as those to no address.")
    is_complete: bool = Field(description="Whether every reader has a mail by now, sent or not.")


_WORDS = {"subject": "Doors open earlier", "paragraphs": ["Please come at seven."]}
_MESSAGE = {
    "message": "5f1c0b7de2a94c38",
    **_WORDS,
    "sent_by": "account:7",
    "sent_at": "2026-11-05T18:31:00.123456Z",
    "sent": 212,
    "waiting": 3,
    "parked": 1,
    "is_complete": True,
}


def messages_of(request: Request) -> EventMessages:
    return EventMessages(BookingMail(request.delivery, request.access.users))


def _json(message: SentMessage) -> dict[str, Any]:
    return {
        "message": message.name,
        "subject": message.subject,
        "paragraphs": message.paragraphs,
        "sent_by": message.sent_by,
        "sent_at": message.sent_at,
        "sent": message.sent,
        "waiting": message.waiting,
        "parked": message.parked,
        "is_complete": message.is_complete,
    }


@routes.post(
    "/v1/events/{event}/messages/preview",
    policy=Permission.EVENTS_WRITE,
    response=EventMessagePreviewOut,
    errors=[EventNotFound],
    examples={"a message": _WORDS},
    answers={
        200: {
            "people": 216,
            "without_address": 4,
            "sent_before": False,
            "subject": "Doors open earlier",
            "text": "Please come at seven.\n",
        }
    },
)
async def preview_message(request: Request, event: EventPath, body: WriteMessageIn) -> dict[str, Any]:
    """Return what a message would say, and how many people would read it. Nobody is written to."""
    number = await own_number(request, event)
    queries, messages = request.inventory.queries, messages_of(request)
    people, without = await messages.count_readers(number, queries)
    found = await queries.get_event(number)
    name = message_name(number, body.subject, body.paragraphs)
    return {
        "people": people,
        "without_address": without,
        "sent_before": any(
            name == each.name for each in await messages.list_messages(number, limit=_MAX_LISTED)
        ),
        "subject": body.subject,
        "text": messages.letter_for_nobody(found, body.subject, body.paragraphs).text,
    }


@routes.post(
    "/v1/events/{event}/messages",
    policy=Permission.EVENTS_WRITE,
    status=202,
    response=EventMessageOut,
    errors=[EventNotFound],
    examples={"a message": _WORDS},
    answers={202: _MESSAGE | {"sent": 0, "waiting": 0, "parked": 0, "is_complete": False}},
)
async def send_message(request: Request, event: EventPath, body: WriteMessageIn) -> dict[str, Any]:
    """Mail a message to everybody who has a confirmed booking. Each address gets it once, however often you send it.

    It is for those who have booked by now. The audit says who sent it, within seconds. Buyers of a rehearsal get none.
    """
    number = await own_number(request, event)
    found, messages = await request.inventory.queries.get_event(number), messages_of(request)
    name = await messages.send(found, body.subject, body.paragraphs, by=actor_of(request))
    listed = await messages.list_messages(number, limit=_MAX_LISTED)
    return next(_json(each) for each in listed if each.name == name)


@routes.get(
    "/v1/events/{event}/messages",
    policy=Permission.EVENTS_WRITE,
    response=Page[EventMessageOut],
    errors=[EventNotFound],
    answers={200: {"items": [_MESSAGE], "next": None}},
)
async def list_messages(request: Request, event: EventPath) -> dict[str, Any]:
    """Return the newest 50 messages of an event, with how many of their mails are sent."""
    number = await own_number(request, event)
    found = await messages_of(request).list_messages(number, limit=_MAX_LISTED)
    return {"items": [_json(message) for message in found], "next": None}
