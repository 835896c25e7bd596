"""Commands: everything that can be done to one event's inventory. All of them go through its lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from holdfast.errors import Refusal
from holdfast.inventory.rules.booking import Attempt, Block, Booking
from holdfast.inventory.rules.event import AreaState, FullEvent
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.metadata import Metadata, MetadataChange
from holdfast.inventory.rules.sale_rules import DEFAULT_RULES, SaleRules, Value
from holdfast.inventory.seating.drawn_areas import DrawnArea, MapDetails
from holdfast.inventory.seating.seat_map import SeatSpec
from holdfast.value import value_class

T = TypeVar("T")


@value_class(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer as it is sent, without its secret. A retry gets it again, byte for byte.

    `token_for` names the hold whose token the body carries. The body then ends in `null}`. Each time it is
    sent, the token replaces that null, so that the database stores no secret.
    """

    status: int
    body: bytes
    token_for: UUID | None = None
    brief: bool = False
    """True for a refusal of a guest or buyer, kept for minutes: anyone can ask for any number of them."""


@value_class(frozen=True, slots=True, kw_only=True)
class RetryKey(Generic[T]):
    """An Idempotency-Key in use. `scope` and `body` are SHA-256; `render` turns the outcome into its answer."""

    scope: bytes
    body: bytes
    render: Callable[[T | Refusal], StoredAnswer]


@value_class(frozen=True, slots=True, kw_only=True)
class Authority:
    """What gives access to a hold or booking: its token, its buyer, or the organiser's staff."""

    token_hash: bytes | None = None
    buyer: str | None = None
    staff: bool = False


STAFF = Authority(staff=True)


@value_class(frozen=True, slots=True, kw_only=True)
class SeatsLine:
    """Named seats, by normalised label. `added`: how many of the last ones the line itself does not name."""

    labels: tuple[str, ...]
    added: int = 0


@value_class(frozen=True, slots=True, kw_only=True)
class QuantityLine:
    """A number of admissions of an area. The area is optional if the event has only one."""

    quantity: int
    area: str | None = None


@value_class(frozen=True, slots=True, kw_only=True)
class BestAvailableLine:
    """A number of seats that the engine picks. `accessible`: a wheelchair place is among them."""

    quantity: int
    category: str | None = None
    together: bool = True
    accessible: bool = False


Line = SeatsLine | QuantityLine | BestAvailableLine


@value_class(frozen=True, slots=True, kw_only=True)
class Command(Generic[T]):
    """The parts of every command: who acts (for the journal), and the retry key if the client sent one.

    `T` is its outcome unless it is refused.
    """

    by: str = "guest"
    key: RetryKey[T] | None = None


AnyCommand = Command[Any]
"""A batch has commands of several kinds, each with an outcome of its own."""


@value_class(frozen=True, slots=True, kw_only=True)
class PlaceHold(Command[Hold]):
    """Take all lines or nothing, unless partial fulfilment is allowed (None: by the event's rule).

    `reuse`: if the buyer already has a live hold on exactly the named seats, return that hold.
    """

    hold_id: UUID
    lines: tuple[Line, ...]
    token_hash: bytes | None = None
    ttl_seconds: int | None = None
    allow_partial: bool | None = None
    buyer: str | None = None
    buyer_name: str | None = None
    buyer_email: str | None = None
    metadata: Metadata | None = None
    reuse: bool = False


@value_class(frozen=True, slots=True, kw_only=True)
class ExtendHold(Command[Hold]):
    hold_id: UUID
    authority: Authority
    ttl_seconds: int | None = None


@value_class(frozen=True, slots=True, kw_only=True)
class ReleaseHold(Command[Hold]):
    hold_id: UUID
    authority: Authority


@value_class(frozen=True, slots=True, kw_only=True)
class ConfirmHold(Command[Booking]):
    hold_id: UUID
    booking_id: UUID
    authority: Authority
    buyer: str | None = None
    """Must be the hold's own buyer, if given."""
    buyer_name: str | None = None
    """None keeps the hold's, and so does `buyer_email`."""
    buyer_email: str | None = None
    metadata: MetadataChange | None = None
    """On top of the hold's."""
    language: str | None = None
    """In which the buyer reads mail, if that is not the server's own."""


@value_class(frozen=True, slots=True, kw_only=True)
class ChangeHold(Command[Hold]):
    """Change the metadata of a live hold."""

    hold_id: UUID
    authority: Authority
    metadata: MetadataChange


@value_class(frozen=True, slots=True, kw_only=True)
class ChangeBooking(Command[Booking]):
    """Change the metadata of a booking, cancelled or not."""

    booking_id: UUID
    authority: Authority
    metadata: MetadataChange


@value_class(frozen=True, slots=True, kw_only=True)
class TransferBooking(Command[Booking]):
    """Give a booking to another person. `token_hash_of` hashes a hold's token after a number of transfers."""

    booking_id: UUID
    authority: Authority
    name: str
    email: str
    token_hash_of: Callable[[UUID, int], bytes]
    language: str | None = None
    """In which the new buyer reads mail; None: as before."""


@value_class(frozen=True, slots=True, kw_only=True)
class CancelBooking(Command[Booking]):
    booking_id: UUID
    authority: Authority


@value_class(frozen=True, slots=True, kw_only=True)
class CancelAdmissions(Command[Booking]):
    """Cancel what the lines name of a booking. The rest stays booked."""

    booking_id: UUID
    authority: Authority
    lines: tuple[SeatsLine | QuantityLine, ...]


@value_class(frozen=True, slots=True, kw_only=True)
class ExchangeAdmissions(Command[Booking]):
    """Give a booking the lines for as many of its own admissions, or change nothing.

    `returns`: what it gives back; empty for all that it has.
    """

    booking_id: UUID
    authority: Authority
    lines: tuple[Line, ...]
    returns: tuple[SeatsLine | QuantityLine, ...] = ()


@value_class(frozen=True, slots=True, kw_only=True)
class BookInstantly(Command[tuple[Attempt, Booking | None]]):
    """Hold and confirm in one step. A lack of admissions is a FAILED attempt, not a refusal."""

    attempt_number: int
    hold_id: UUID
    booking_id: UUID
    quantity: int
    buyer: str | None = None


@value_class(frozen=True, slots=True, kw_only=True)
class BlockAdmissions(Command[Block]):
    """Take admissions off sale: seats by label, or a quantity of an area.

    `extends`: this is a further step of a large block.
    """

    block_id: UUID
    labels: tuple[str, ...] = ()
    area: str | None = None
    quantity: int | None = None
    reason: str | None = None
    extends: bool = False


@value_class(frozen=True, slots=True, kw_only=True)
class FindAnswer(Command[None]):
    """Look up the answer under a retry key, and do nothing else. A command with several steps begins with this."""

    key: RetryKey[Any] | None = None  # of any command with an answer


@value_class(frozen=True, slots=True, kw_only=True)
class KeepRefusal(Command[Block]):
    """Store the refusal of a block with several steps as the answer under its retry key."""

    refusal: Refusal


@value_class(frozen=True, slots=True, kw_only=True)
class LiftBlock(Command[Block]):
    block_id: UUID


@value_class(frozen=True, slots=True, kw_only=True)
class AreaSpec:
    name: str
    capacity: int
    category: str | None = None


@value_class(frozen=True, slots=True, kw_only=True)
class AreaChange:
    """One counted area, named by its id, or else by its name; or a new one (`adds`). None leaves a part as it is.

    Only an area that is named by its id can have another name.
    """

    id: int | None = None
    name: str | None = None
    capacity: int | None = None
    category: str | None = None
    clears_category: bool = False
    state: AreaState | None = None
    adds: bool = False


@value_class(frozen=True, slots=True, kw_only=True)
class CategoryName:
    """Another name for the category of an area's number (`areas.category_ids`)."""

    id: int
    name: str


@value_class(frozen=True, slots=True, kw_only=True)
class ChangeEvent(Command[FullEvent]):
    """What is named is changed: columns of the event, sale rules, areas, names of categories, more seats."""

    changes: dict[str, Any] = field(default_factory=dict)
    """Field of Event -> value."""
    rules: Mapping[str, Value] = field(default_factory=dict)
    """Field of SaleRules -> value."""
    metadata: MetadataChange | None = None
    capacity: int | None = None
    areas: tuple[AreaChange, ...] = ()
    category_names: tuple[CategoryName, ...] = ()
    new_categories: tuple[str, ...] | None = None
    """Categories that the change may add to those of the event; None: any."""
    seats: tuple[SeatSpec, ...] = ()
    categories: tuple[str, ...] = ()
    """Order of the new seats' categories."""
    drawn: tuple[DrawnArea, ...] = ()
    """New areas that the new seats' map draws."""
    details: MapDetails = field(default_factory=MapDetails)
    """What the map's new version has beside its seats."""


@value_class(frozen=True, slots=True, kw_only=True)
class PublishEvent(Command[FullEvent]):
    pass


@value_class(frozen=True, slots=True, kw_only=True)
class CancelEvent(Command[FullEvent]):
    pass


@value_class(frozen=True, slots=True, kw_only=True)
class StopSales(Command[FullEvent]):
    pass


@value_class(frozen=True, slots=True, kw_only=True)
class ResumeSales(Command[FullEvent]):
    pass


@value_class(frozen=True, slots=True, kw_only=True)
class ReclaimLapsed(Command[int]):
    """A step of the sweeper: rewrite max `limit` lapsed holds, or any live holds of a cancelled event."""

    limit: int


@value_class(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A new event with its inventory: areas, seats, both, or nothing yet if seats are added later."""

    name: str
    venue: str | None = None
    time_zone: str | None = None
    starts_at: datetime | None = None
    on_sale_at: datetime | None = None
    off_sale_at: datetime | None = None
    rules: SaleRules = DEFAULT_RULES
    metadata: Metadata | None = None
    status: str = "published"
    areas: tuple[AreaSpec, ...] = ()
    seats: tuple[SeatSpec, ...] = ()
    categories: tuple[str, ...] = ()
    """Order of the seats' categories. Categories that are not named follow in the order of their first seats."""
    details: MapDetails = field(default_factory=MapDetails)
    organisation: int = 1
    """The number of the organisation that sells it."""
