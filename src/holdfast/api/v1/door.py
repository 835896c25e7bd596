"""Door: the rules of an event's doors, how many have entered, and the list for a door without a network.

`checkins:write` reads all of it. To change the rules needs `events:write`.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.paging import opened
from holdfast.api.v1.people import actor_of
from holdfast.api.v1.rights import own_number
from holdfast.api.values import EventPath, Name, ShortText
from holdfast.door.decide import Direction, EntryList, Movement, ReEntry, Why
from holdfast.door.door import ListPosition
from holdfast.door.offline_list import ListedTicket
from holdfast.door.records import DoorState, GateCounts
from holdfast.errors import EventNotFound, FieldError, InvalidInput
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, In, Time

__all__ = ["MovementOut", "door_json", "movement_json", "routes"]

routes = Routes(tag="check-ins")

_MAX_LISTS = 50
_MAX_NAMES = 100

Names = Annotated[list[Name], Field(max_length=_MAX_NAMES)]
ListLimit = Annotated[int, Field(ge=1, le=500, description="Max tickets in one answer.")]


class MovementOut(BaseModel):
    """When and where a ticket has passed a door."""

    direction: Direction
    at: datetime
    gate: str | None


class NewEntryListIn(In):
    """Who may enter by this list, and when."""

    name: ShortText
    areas: Names = Field(default_factory=list, description="Areas whose tickets are on the list.")
    categories: Names = Field(
        default_factory=list,
        description="Categories whose tickets are on it. Without areas and categories, every ticket is.",
    )
    opens_at: Time | None = None
    closes_at: Time | None = None


class ChangeDoorIn(In):
    """Only the members that are given change. `lists` replaces all lists."""

    re_entry: ReEntry | None = Field(
        None, description="Whether a person who has left may come in again.", strict=False
    )
    lists: list[NewEntryListIn] | None = Field(None, max_length=_MAX_LISTS)

    @field_validator("lists")
    @classmethod
    def _names_differ(cls, lists: list[NewEntryListIn] | None) -> list[NewEntryListIn] | None:
        names = [each.name for each in lists or ()]
        if len(set(names)) < len(names):
            raise PydanticCustomError("not_allowed", FieldError.LISTS_ALIKE)
        return lists


class EntryListOut(BaseModel):
    name: str
    areas: list[str]
    categories: list[str]
    opens_at: datetime | None
    closes_at: datetime | None


class GateCountsOut(BaseModel):
    """The scans of one gate for one list; null: of a gate without a name, of no list."""

    gate: str | None
    list: str | None
    admitted: int
    out: int
    refused: int = Field(description="With the duplicates.")
    duplicates: int


class DoorOut(BaseModel):
    """The rules of an event's doors, and what the gates have counted."""

    event_number: int
    re_entry: ReEntry
    lists: list[EntryListOut]
    changed_at: datetime | None = Field(description="null: the rules are those of every new event.")
    log_number: int = Field(description="The number of the newest scan in the log.")
    counts: list[GateCountsOut]


class OfflineTicketOut(BaseModel):
    """One code of the list, as a door knows it without a network."""

    code_hash: str = Field(description="The first 12 bytes of the code's SHA-256, as hexadecimal digits.")
    reference: str
    booking: UUID
    number: int
    label: str = Field(description="The seat's label, or the area.")
    area: str | None
    category: str | None
    initial: str | None = Field(description="The first letter of the buyer's name.")
    why: Why | None = Field(description="Why the code lets nobody in; null for a valid one.")
    movements: dict[str, MovementOut] = Field(
        description="The newest movement on each list; that of everybody has an empty name."
    )


class OfflineListOut(BaseModel):
    """Some codes of an event's tickets, those of the newest booking first."""

    items: list[OfflineTicketOut]
    next: str | None = Field(description="`cursor` of the next page; null on the last.")
    log_number: int = Field(description="The list knows the log up to this scan.")
    valid_until: datetime = Field(description="After this time, a door must fetch the list again.")


_MOVEMENT = {"direction": "in", "at": "2026-11-05T18:42:00Z", "gate": "Door A"}
_LIST = {"name": "VIP", "areas": [], "categories": ["box"], "opens_at": None, "closes_at": None}
_DOOR = {
    "event_number": 7,
    "re_entry": "after_exit",
    "lists": [_LIST],
    "changed_at": "2026-11-05T09:00:00Z",
    "log_number": 313,
    "counts": [
        {"gate": "Door A", "list": None, "admitted": 312, "out": 4, "refused": 1, "duplicates": 0},
    ],
}
_OFFLINE = {
    "items": [
        {
            "code_hash": "0f4c9be1a2d35c7788aa11be",
            "reference": "02VWBM8G-1",
            "booking": "00000000-0706-8bbd-82c1-4f00b7c5d110",
            "number": 1,
            "label": "A-3-11",
            "area": None,
            "category": "stalls",
            "initial": "A",
            "why": None,
            "movements": {"": _MOVEMENT},
        }
    ],
    "next": None,
    "log_number": 313,
    "valid_until": "2026-11-06T06:00:00Z",
}


def movement_json(movement: Movement | None) -> dict[str, Any] | None:
    if movement is None:
        return None
    return {"direction": movement.direction, "at": movement.at, "gate": movement.gate}


def door_json(number: int, state: DoorState, counts: list[GateCounts]) -> dict[str, Any]:
    return {
        "event_number": number,
        "re_entry": state.rules.re_entry,
        "lists": [
            {
                "name": each.name,
                "areas": list(each.areas),
                "categories": list(each.categories),
                "opens_at": each.opens_at,
                "closes_at": each.closes_at,
            }
            for each in state.rules.lists
        ],
        "changed_at": state.changed_at,
        "log_number": state.last_number,
        "counts": [
            {
                "gate": each.gate,
                "list": each.list,
                "admitted": each.admitted,
                "out": each.out,
                "refused": each.refused,
                "duplicates": each.duplicates,
            }
            for each in counts
        ],
    }


def _offline_json(ticket: ListedTicket) -> dict[str, Any]:
    return {
        "code_hash": ticket.code_hash,
        "reference": ticket.reference,
        "booking": ticket.booking_id,
        "number": ticket.number,
        "label": ticket.label,
        "area": ticket.area,
        "category": ticket.category,
        "initial": ticket.initial,
        "why": ticket.why,
        "movements": {name: movement_json(one) for name, one in ticket.movements.items()},
    }


@routes.get(
    "/v1/events/{event}/door",
    policy=Permission.CHECKINS_WRITE,
    response=DoorOut,
    errors=[EventNotFound],
    answers={200: _DOOR},
)
async def get_door(request: Request, event: EventPath) -> dict[str, Any]:
    """Return the rules of an event's doors, and how many scans each gate has recorded."""
    number = await own_number(request, event)
    counts = list(await request.door.count_by_gate(number))
    return door_json(number, await request.door.get_state(number), counts)


@routes.patch(
    "/v1/events/{event}/door",
    policy=Permission.EVENTS_WRITE,
    response=DoorOut,
    errors=[EventNotFound, InvalidInput],
    examples={"a list of its own for the boxes": {"re_entry": "after_exit", "lists": [_LIST]}},
    answers={200: _DOOR},
)
async def change_door(request: Request, event: EventPath, body: ChangeDoorIn) -> dict[str, Any]:
    """Change the rules of an event's doors. They hold for scans that arrive from now on.

    Each list counts its own entries, such as one for each day. A repeat changes nothing. The audit says who did it,
    within seconds.
    """
    number = await own_number(request, event)
    lists = None
    if body.lists is not None:
        lists = [
            EntryList(
                name=each.name,
                areas=each.areas,
                categories=each.categories,
                opens_at=each.opens_at,
                closes_at=each.closes_at,
            )
            for each in body.lists
        ]
    state = await request.door.change_rules(number, re_entry=body.re_entry, lists=lists, by=actor_of(request))
    return door_json(number, state, list(await request.door.count_by_gate(number)))


@routes.get(
    "/v1/events/{event}/check-in-list",
    policy=Permission.CHECKINS_WRITE,
    response=OfflineListOut,
    errors=[EventNotFound, InvalidInput],
    answers={200: _OFFLINE},
)
async def get_check_in_list(
    request: Request, event: EventPath, *, limit: ListLimit = 500, cursor: Cursor | None = None
) -> Reply:
    """Return the tickets of an event for a door that may lose its network. No code and no name is in it.

    The header `Signature-Ed25519` has a signature of the body's bytes, in base 64, by the key of tickets. An equal page
    has an equal `ETag`, so a door asks with `If-None-Match`. A ticket that was issued again has several codes.
    """
    number = await own_number(request, event)
    filters = {"event": number}
    found = opened(request, cursor, filters)
    start: ListPosition | None = None if found is None else (UUID(found[0]), int(found[1]))
    page = await request.door.read_list(number, start=start, limit=limit)
    following = None
    if page.next is not None:
        booking, first = page.next
        assert request.route_path is not None
        following = request.cursors.sign(request.route_path, filters, [[str(booking), first]])
    body = encode(
        {
            "items": [_offline_json(each) for each in page.items],
            "next": following,
            "log_number": page.log_number,
            "valid_until": page.valid_until,
        }
    )
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    signature = request.tickets.codes.sign_list(body)
    headers = ((b"etag", tag.encode()), (b"signature-ed25519", signature.encode()))
    return Reply(body=body, headers=headers)
