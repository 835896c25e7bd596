"""Calls of an event's inventory: availability, seats, their history, and blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from holdfast_client.calls import Answer, BlockRef, Call, EventRef, get, given, one, page, path, post
from holdfast_client.models import Availability, Block, PackedSeats, Page, Sales, SeatChange, SeatMap, Seats
from holdfast_client.reading import read


def get_availability(
    event: EventRef,
    *,
    known: Availability | None = None,
    since: Availability | str | None = None,
    as_of: datetime | None = None,
) -> Call[Availability]:
    """Read how many admissions an event has left.

    `known` is an earlier answer; it is returned itself, at almost no cost, while the event's state is the same.
    `since` is an earlier answer, or its bookmark: the new answer has the changes after it. `as_of` is a time: the
    answer is as of then.
    """

    def read_availability(answer: Answer) -> Availability:
        if answer.status == 304 and known is not None:
            return known
        return replace(read(Availability, answer.json()), etag=answer.headers.get("etag", ""))

    return get(
        path("events", event, "availability"),
        read_availability,
        query={"since": since.bookmark if isinstance(since, Availability) else since, "as_of": as_of},
        headers={"if-none-match": known.etag} if known is not None and known.etag else None,
        understood=(304,) if known is not None else (),
    )


def list_seats(event: EventRef, *, all: bool = False, as_of: datetime | None = None) -> Call[Seats]:
    """List the seats that are not available, or every seat with `all`. `as_of` is a time in the past."""
    return get(path("events", event, "seats"), one(Seats), query={"all": all or None, "as_of": as_of})


def get_packed_seats(event: EventRef, *, as_of: datetime | None = None) -> Call[PackedSeats]:
    """Read the status of every seat, packed: 15 KB for 60,000 seats. `as_of` is a time in the past."""
    return get(path("events", event, "seats"), one(PackedSeats), query={"form": "packed", "as_of": as_of})


def get_seat_map(event: EventRef, *, version: int | None = None) -> Call[SeatMap]:
    """Read the seat map: the current one, or an immutable version."""
    base = path("events", event, "seat-map")
    return get(
        base if version is None else f"{base}/{version}", one(SeatMap), follows_redirect=version is None
    )


def list_seat_changes(
    event: EventRef, label: str, *, limit: int | None = None, cursor: str | None = None
) -> Call[Page[SeatChange]]:
    """List the changes of one seat, one page at a time."""
    return get(
        path("events", event, "seats", label, "history"),
        page(SeatChange),
        query={"limit": limit, "cursor": cursor},
    )


def get_sales(event: EventRef, *, span: str = "hour") -> Call[Sales]:
    """Read what an event sold, step by step: in the last `hour`, `day`, or `month`."""
    return get(path("events", event, "sales"), one(Sales), query={"span": span})


def block_admissions(
    event: EventRef,
    *,
    seats: Sequence[str] | None = None,
    area: str | None = None,
    quantity: int | None = None,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Block]:
    """Take these seats, or a quantity of an area, off sale."""
    body = given(seats=None if seats is None else list(seats), area=area, quantity=quantity, reason=reason)
    return post(path("events", event, "blocks"), one(Block), body=body, key=idempotency_key)


def list_blocks(
    event: EventRef, *, lifted: bool | None = None, limit: int | None = None, cursor: str | None = None
) -> Call[Page[Block]]:
    """List blocks, one page at a time: active ones, lifted ones, or all."""
    query = {"lifted": lifted, "limit": limit, "cursor": cursor}
    return get(path("events", event, "blocks"), page(Block), query=query)


def lift_block(event: EventRef, block: BlockRef, *, idempotency_key: str | None = None) -> Call[Block]:
    """Put a block's admissions back on sale."""
    return post(path("events", event, "blocks", block, "lift"), one(Block), key=idempotency_key)
