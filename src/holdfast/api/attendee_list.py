"""Attendee list: who has booked which place, as a CSV or as a workbook (XLSX). It holds one page of bookings at a time.

No cell is a formula. In a CSV, a cell that a spreadsheet would read as one begins with an apostrophe (OWASP, "CSV
Injection"). In a workbook, each cell says that it is text.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from holdfast.api.venue_time import in_zone
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.languages import mark
from holdfast.tickets.ticket import admissions_of, ticket_reference

if TYPE_CHECKING:
    from holdfast.inventory.queries import Queries

__all__ = ["CSV", "HEADS", "STATES", "XLSX", "AttendeeList", "csv_chunks", "safe_cell", "xlsx_chunks"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendeeList:
    """What the list of an event has, and in which words: `heads` and `states` are translated."""

    queries: Queries
    event: FullEvent
    seats: SeatMap
    heads: Sequence[str]
    states: dict[str, str]
    shows_names: bool = True
    shows_emails: bool = True

    async def pages(self) -> AsyncIterator[Rows]:
        """Yield the rows of one page of bookings after the other: a row for each admission, newest booking first."""
        before = None
        while True:
            page = await self.queries.list_bookings(self.event.number, before=before, limit=_READ)
            yield [row for booking in page for row in self._rows(booking)]
            if len(page) < _READ:
                return
            before = page[-1].id

    def _rows(self, booking: Booking) -> Iterable[list[str]]:
        booked_at = in_zone(booking.confirmed_at, self.event.time_zone).isoformat(timespec="seconds")
        for admission in admissions_of(booking, self.event, self.seats, first=1, limit=booking.quantity):
            seat = admission.seat
            yield [
                booking.reference,
                ticket_reference(booking.id, admission.number),
                self.states.get(booking.status, booking.status),
                seat.section if seat else "",
                seat.row if seat else "",
                (seat.name or seat.label) if seat else "",
                admission.area or "",
                admission.category or "",
                (booking.buyer_name if self.shows_names else None) or "",
                (booking.buyer_email if self.shows_emails else None) or "",
                booked_at,
            ]


async def csv_chunks(attendees: AttendeeList) -> AsyncIterator[bytes]:
    """Yield the list as a CSV, one page of bookings at a time."""
    yield (_MARK + _csv([attendees.heads])).encode()
    async for rows in attendees.pages():
        yield _csv(rows).encode()


async def xlsx_chunks(attendees: AttendeeList) -> AsyncIterator[bytes]:
    """Yield the list as a workbook. It is written to a temporary file row by row, and then sent."""
    with TemporaryDirectory(prefix="holdfast-attendees-") as folder:
        path = Path(folder) / "attendees.xlsx"
        async with _one_workbook:
            await _write_workbook(attendees, path)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _SENT):
                yield chunk


async def _write_workbook(attendees: AttendeeList, path: Path) -> None:
    # A server that exports nothing never loads it.
    from xlsxwriter import Workbook  # type: ignore[import-untyped]  # it has no types

    options = {"constant_memory": True, "tmpdir": str(path.parent), **_TEXTS_ONLY}
    workbook = Workbook(str(path), options)
    sheets = _Sheets(workbook, attendees.heads)
    async for rows in attendees.pages():
        await asyncio.to_thread(sheets.write, rows)
    await asyncio.to_thread(workbook.close)


class _Sheets:
    """The sheets of a workbook: as many as the rows need, each with the heads."""

    def __init__(self, workbook: Any, heads: Sequence[str]) -> None:
        self._workbook = workbook
        self._heads = heads
        self._sheet: Any = None
        self._row = _MAX_ROWS

    def write(self, rows: Rows) -> None:
        if self._sheet is None:
            self._begin()
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
