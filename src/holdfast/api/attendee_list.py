"""Attendee list: who has booked which place, in pages, as a CSV or as a workbook (XLSX).

However long the list is, it holds one page of bookings at a time.

No cell is a formula. In a CSV, a cell that a spreadsheet would read as one begins with an apostrophe (OWASP, "CSV
Injection"). In a workbook, each cell says that it is text.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID

from holdfast.api.venue_time import in_zone
from holdfast.errors import BookingNotFound
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.languages import Language, mark
from holdfast.tickets.ticket import Admission, admissions_of, ticket_reference

if TYPE_CHECKING:
    from holdfast.inventory.queries import Queries

__all__ = [
    "CSV",
    "HEADS",
    "STATES",
    "XLSX",
    "Attendee",
    "AttendeeList",
    "AttendeePosition",
    "csv_chunks",
    "safe_cell",
    "xlsx_chunks",
]

CSV = b"text/csv; charset=utf-8"
XLSX = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADS = (
    mark("Booking"),
    mark("Ticket"),
    mark("State"),
    mark("Section"),
    mark("Row"),
    mark("Seat"),
    mark("Area"),
    mark("Category"),
    mark("Name"),
    mark("E‑mail"),
    mark("Booked"),
)
STATES = {"confirmed": mark("Booked"), "cancelled": mark("Cancelled")}

_READ = 200
_CHUNK = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARK = "\ufeff"
"""Says to a spreadsheet that the file is UTF-8."""
_MAX_ROWS = 1_048_576
"""Rows of a sheet. What follows begins another one."""
_SENT = 64 * 1024
_TEXTS_ONLY = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_one_workbook = asyncio.Semaphore(1)
"""A workbook is written to the disk before it is sent, so each process writes one at a time."""

Rows = list[list[str]]
AttendeePosition = tuple[UUID, int]
"""A booking, and the number of its ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """One admission, with what the reader may know of who booked it."""

    booking: Booking
    admission: Admission
    name: str | None
    email: str | None

    @property
    def reference(self) -> str:
        return ticket_reference(self.booking.id, self.admission.number)

    @property
    def position(self) -> AttendeePosition:
        return self.booking.id, self.admission.number


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeList:
    """The list of an event, and how much of it its reader sees."""

    queries: Queries
    event: FullEvent
    seats: SeatMap
    shows_names: bool = True
    shows_emails: bool = True

    async def page(
        self, start: AttendeePosition | None, limit: int, *, status: str | None = None
    ) -> list[Attendee]:
        """Return attendees from a position on, newest booking first."""
        found: list[Booking] = []
        before, first = start or (None, 1)
        if before is not None:
            with suppress(BookingNotFound):  # a restored backup has lost it
                found = [await self.queries.get_booking(before, STAFF)]
        found += await self.queries.list_bookings(
            self.event.number, status=status, before=before, limit=limit
        )
        attendees = (
            attendee
            for booking in found
            for attendee in self._of(booking, first if booking.id == before else 1)
            if status in (None, booking.status)
        )
        return list(islice(attendees, limit))

    async def chunks(self) -> AsyncIterator[list[Attendee]]:
        """Yield all attendees, some hundreds at a time."""
        before = None
        while True:
            page = await self.queries.list_bookings(self.event.number, before=before, limit=_READ)
            attendees = (attendee for booking in page for attendee in self._of(booking, 1))
            while chunk := list(islice(attendees, _CHUNK)):
                yield chunk
            if len(page) < _READ:
                return
            before = page[-1].id

    def _of(self, booking: Booking, first: int) -> Iterator[Attendee]:
        for admission in admissions_of(booking, self.event, self.seats, first=first, limit=booking.quantity):
            yield Attendee(
                booking=booking,
                admission=admission,
                name=booking.buyer_name if self.shows_names else None,
                email=booking.buyer_email if self.shows_emails else None,
            )


def _row(attendee: Attendee, zone: str | None, states: Mapping[str, str]) -> list[str]:
    booking, admission = attendee.booking, attendee.admission
    seat = admission.seat
    return [
        booking.reference,
        attendee.reference,
        states[booking.status],
        seat.section if seat else "",
        seat.row if seat else "",
        (seat.name or seat.label) if seat else "",
        admission.area or "",
        admission.category or "",
        attendee.name or "",
        attendee.email or "",
        in_zone(booking.confirmed_at, zone).isoformat(timespec="seconds"),
    ]


async def _rows_of(attendees: AttendeeList, language: Language) -> AsyncIterator[Rows]:
    """Yield the heads, and then the rows, some hundreds at a time."""
    states = {state: language.gettext(says) for state, says in STATES.items()}
    chunks = attendees.chunks()
    first: list[Attendee] = await anext(
        chunks, []
    )  # before the heads, so that a failure of the database still has an answer
    yield [[language.gettext(head) for head in HEADS]]
    yield [_row(each, attendees.event.time_zone, states) for each in first]
    async for chunk in chunks:
        yield [_row(each, attendees.event.time_zone, states) for each in chunk]


async def csv_chunks(attendees: AttendeeList, language: Language) -> AsyncGenerator[bytes]:
    """Yield the list as a CSV, some hundreds of lines at a time."""
    mark_of_file = _MARK
    async for rows in _rows_of(attendees, language):
        yield (mark_of_file + _csv(rows)).encode()
        mark_of_file = ""


async def xlsx_chunks(attendees: AttendeeList, language: Language) -> AsyncGenerator[bytes]:
    """Yield the list as a workbook. It is written to a temporary file row by row, and then sent."""
    with TemporaryDirectory(prefix="holdfast-attendees-") as folder:
        path = Path(folder) / "attendees.xlsx"
        async with _one_workbook:
            await _write_workbook(_rows_of(attendees, language), path)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _SENT):
                yield chunk


async def _write_workbook(pages: AsyncIterator[Rows], path: Path) -> None:
    # A server that exports nothing never loads it.
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # it has no types

    options = {"constant_memory": True, "tmpdir": str(path.parent), **_TEXTS_ONLY}
    workbook = Workbook(str(path), options)
    (heads,) = await anext(pages)
    sheets = _Sheets(workbook, heads)
    async for rows in pages:
        await asyncio.to_thread(sheets.write, rows)
    await asyncio.to_thread(workbook.close)


class _Sheets:
    """The sheets of a workbook: as many as the rows need, each with the heads."""

    def __init__(self, workbook: Any, heads: Sequence[str]) -> None:
        self._workbook = workbook
        self._heads = heads
        self._sheet: Any = None
        self._row = _MAX_ROWS
        self._begin()

    def write(self, rows: Rows) -> None:
        for row in rows:
            if self._row == _MAX_ROWS:
                self._begin()
            self._write_row(row)

    def _begin(self) -> None:
        self._sheet, self._row = self._workbook.add_worksheet(), 0
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, len(self._heads) - 1, 16)
        self._write_row(self._heads)

    def _write_row(self, cells: Sequence[str]) -> None:
        for column, cell in enumerate(cells):
            if cell:
                self._sheet.write_string(self._row, column, cell)
        self._row += 1


def _csv(rows: Iterable[Sequence[str]]) -> str:
    file = StringIO()
    csv.writer(file).writerows([safe_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet reads as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
