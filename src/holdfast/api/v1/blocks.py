"""Blocks: admissions that the organiser takes off sale until they are lifted.

Block and lift need `events:write`, the list needs `events:read`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from holdfast.access.permissions import Permission
from holdfast.api.answers import answer_command, reply_kept, reply_of, retry_key
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page, page, position_id
from holdfast.api.v1.rights import own_number
from holdfast.api.values import BlockPath, EventPath, Label, Name
from holdfast.errors import (
    AreaRequired,
    AreaUnknown,
    BlockNotFound,
    DuplicateSeat,
    EventCancelled,
    EventNotFound,
    FieldError,
    IdempotencyKeyReused,
    SeatBlocked,
    SeatTaken,
    SeatUnknown,
    SoldOut,
)
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, In, Limit
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Block
from holdfast.inventory.rules.event import MAX_CAPACITY

routes = Routes(tag="blocks")


class BlockAdmissionsIn(In):
    """Seats by label, or a quantity of an area."""

    seats: list[Label] | None = Field(None, min_length=1, max_length=1_000)
    area: Name | None = Field(None, description="May be omitted if the event has one area.")
    quantity: Annotated[int, Field(ge=1, le=MAX_CAPACITY)] | None = None
    reason: Name | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> BlockAdmissionsIn:
        if (self.seats is None) == (self.quantity is None):
            raise PydanticCustomError("one_of", FieldError.BLOCK_KIND)
        if self.area is not None and self.quantity is None:
            raise PydanticCustomError("not_allowed", FieldError.AREA_WITH_QUANTITY)
        return self


class BlockOut(BaseModel):
    """A block; `lifted_at` is null until it is lifted."""

    id: UUID
    event: UUID
    event_number: int
    seats: list[str]
    area: str | None
    quantity: int
    reason: str | None
    blocked_at: datetime
    lifted_at: datetime | None


def block_json(block: Block) -> dict[str, Any]:
    return {
        "id": block.id,
        "event": block.event_id,
        "event_number": block.event_number,
        "seats": block.seats,
        "area": block.area,
        "quantity": block.quantity,
        "reason": block.reason,
        "blocked_at": block.blocked_at,
        "lifted_at": block.lifted_at,
    }


def _blocked(block: Block) -> c.StoredAnswer:
    return c.StoredAnswer(status=201, body=encode(block_json(block)))


def _rendered(block: Block) -> c.StoredAnswer:
    return c.StoredAnswer(status=200, body=encode(block_json(block)))


_EXAMPLE = {
    "id": "00000000-0706-8bbf-a0d1-51a9e06c7f02",
    "event": "00000000-0702-8635-94d3-8ca1de0a3c55",
    "event_number": 7,
    "seats": ["A-1-1", "A-1-2"],
    "area": None,
    "quantity": 2,
    "reason": "camera",
    "blocked_at": "2026-11-05T18:31:00.123456Z",
    "lifted_at": None,
}


@routes.post(
    "/v1/events/{event}/blocks",
    policy=Permission.EVENTS_WRITE,
    status=201,
    response=BlockOut,
    errors=[
        EventNotFound,
        EventCancelled,
        SeatTaken,
        SeatBlocked,
        SoldOut,
        DuplicateSeat,
        SeatUnknown,
        AreaUnknown,
        AreaRequired,
        IdempotencyKeyReused,
    ],
    examples={
        "seats": {"seats": ["A-1-1", "A-1-2"], "reason": "camera"},
        "a quantity": {"area": "general", "quantity": 50, "reason": "guests"},
    },
    answers={201: _EXAMPLE},
)
async def block_admissions(request: Request, event: EventPath, body: BlockAdmissionsIn) -> Reply:
    """Take available admissions off sale: all of them or none."""
    number = await own_number(request, event)
    command = c.BlockAdmissions(
        by=request.principal.id,
        key=retry_key(request, _blocked),
        block_id=request.inventory.new_id(number),
        labels=tuple(body.seats or ()),
        area=body.area,
        quantity=body.quantity,
        reason=body.reason,
    )
    if command.key is None:
        return reply_of(request.inventory, _blocked(await request.inventory.block(number, command)))
    return reply_kept(request.inventory, await request.inventory.block_keyed(number, command))


@routes.get(
    "/v1/events/{event}/blocks",
    policy=Permission.EVENTS_READ,
    response=Page[BlockOut],
    errors=[EventNotFound],
    answers={200: {"items": [_EXAMPLE], "next": None}},
)
async def list_blocks(
    request: Request,
    event: EventPath,
    *,
    lifted: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor | None = None,
) -> dict[str, Any]:
    """Return the event's blocks, active and lifted, newest first."""
    number = await own_number(request, event)
    filters = {"event": number, "lifted": lifted}
    found = await request.inventory.queries.list_blocks(
        number,
        live=None if lifted is None else not lifted,
        before=position_id(request, cursor, filters),
        limit=limit + 1,
    )
    return page(
        request, found, limit=limit, filters=filters, position=lambda block: block.id, render=block_json
    )


@routes.post(
    "/v1/events/{event}/blocks/{block}/lift",
    policy=Permission.EVENTS_WRITE,
    response=BlockOut,
    errors=[EventNotFound, BlockNotFound, IdempotencyKeyReused],
    answers={200: {**_EXAMPLE, "lifted_at": "2026-11-05T19:00:00Z"}},
)
async def lift_block(request: Request, event: EventPath, block: BlockPath) -> Reply:
    """Put a block's admissions back on sale. A repeat gets the same answer."""
    number = await own_number(request, event)
    command = c.LiftBlock(by=request.principal.id, key=retry_key(request, _rendered), block_id=block)
    return await answer_command(request, number, command, _rendered)
