"""PDF: a page for each ticket, in a process that can harm nobody and that always ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from holdfast.errors import Busy, Unavailable
from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.event import EventStatus, FullEvent
from holdfast.inventory.rules.hold import HeldLine
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.inventory.seating.seat_map import SeatMap, SeatSpec
from holdfast.languages import LANGUAGES
from holdfast.tickets.pdf import PdfMaker
from holdfast.tickets.sheet_data import sheet_data
from holdfast.tickets.ticket import Ticket, TicketStatus, admissions_of
from holdfast.tickets.ticket_codes import TicketCodes, TicketName
from support.printed import PrintedPage, pages_of

CODES = TicketCodes(b"the server key of the tests' pages")
EVENT = FullEvent(
    number=7,
    id=UUID("00000000-0702-8635-94d3-8ca1de0a3c55"),
    name="The Paper Lighthouse",
    status=EventStatus.PUBLISHED,
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
    venue="Saltmarsh Arena",
    time_zone="Europe/Berlin",
    starts_at=datetime(2026, 12, 12, 18, 30, tzinfo=UTC),
)
SEATS = SeatMap.build([SeatSpec(label="104-6-9", section="104", row="6", category="Lower tier")], 1)
BOOKING = Booking(
    id=UUID("00000000-0706-8bbd-82c1-4f00b7c5d110"),
    event_number=7,
    event_id=EVENT.id,
    event_status="published",
    hold_id=UUID("00000000-0706-8bbc-9b3a-8e0cbe6e3a5d"),
    status=BookingStatus.CONFIRMED,
    lines=(
        HeldLine(seats=("104-6-9",), category="Lower tier", quantity=1),
        HeldLine(area="floor", quantity=2),
    ),
    quantity=3,
    confirmed_at=datetime(2026, 11, 27, 19, 36, tzinfo=UTC),
    buyer_name="Sioned Pryce-Halloran",
)


def tickets_of(booking: Booking, event: FullEvent) -> list[Ticket]:
    return [
        Ticket(
            booking_id=booking.id,
            event_number=event.number,
            of=booking.quantity,
            admission=admission,
            status=TicketStatus.VALID,
            void_reason=None,
            rehearsal=event.rules.rehearsal,
            code=CODES.code_of(TicketName(booking_id=booking.id, number=admission.number, revision=0)),
        )
        for admission in admissions_of(booking, event, SEATS, first=1, limit=100)
    ]


async def printed(booking: Booking = BOOKING, event: FullEvent = EVENT) -> Sequence[PrintedPage]:
    return pages_of(await PdfMaker().make(sheet_data(booking, event, tickets_of(booking, event))))


async def test_each_ticket_has_a_page_that_a_door_can_scan() -> None:
    pages = await printed()
    assert [page.codes for page in pages] == [[ticket.code] for ticket in tickets_of(BOOKING, EVENT)]
    for page in pages:
        assert [round(side) for side in page.size] == [595, 842], "A4"
        for text in ("The Paper Lighthouse", "Saltmarsh Arena", "Sioned Pryce-Halloran", "02VW-", "TEST"):
            assert (text in page.text) is (text != "TEST"), text
        assert "Saturday 12 December 2026" in page.text
        assert "Starts 19:30" in page.text
    for text in ("104", "Section", "Lower tier", "Ticket 1 of 3"):
        assert text in pages[0].text
    assert "floor" in pages[1].text


async def test_a_ticket_is_printed_in_a_language() -> None:
    german = sheet_data(BOOKING, EVENT, tickets_of(BOOKING, EVENT), LANGUAGES["de"])
    page = pages_of(await PdfMaker().make(german))[0]
    for text in (
        "Samstag, 12. Dezember 2026",
        "Beginn 19:30",
        "Gut zu wissen",
        "Ticket 1 von 3",
        "Reihe",
        "Für",
    ):
        assert text in page.text
    for text in ("Row", "Booked", "Good", "Ticket 1 of"):
        assert text not in page.text


async def test_the_same_tickets_make_the_same_bytes() -> None:
    sheet = sheet_data(BOOKING, EVENT, tickets_of(BOOKING, EVENT))
    assert await PdfMaker().make(sheet) == await PdfMaker().make(sheet)


async def test_a_rehearsal_is_stamped_and_can_still_be_scanned() -> None:
    pages = await printed(event=replace(EVENT, rules=SaleRules(rehearsal=True)))
    assert all("TEST" in page.text for page in pages)
    assert [len(page.codes) for page in pages] == [1, 1, 1]


HOSTILE = {
    "code of the typesetter": '#panic("no") #import "@preview/x:1.0.0": * $x$ *bold* `raw` <label> @ref \\ ] } ) //',
    "a file": '#read("/etc/passwd") #include "ticket.typ" #sys.inputs',
    "quotes": '"\'`\\"\\u{41}\\n',
    "Arabic": "المنارة الورقية في المساء",
    "Hebrew": "מגדלור הנייר",
    "Japanese": "紙の灯台と海の夜",
    "Hindi": "काग़ज़ का दीपस्तंभ",
    "Thai": "ประภาคารกระดาษ",
    "emoji": "🎭🎟️👩‍👩‍👧‍👦",
    "marks": "Z̸̢̛a̶l̷g̸o̴" * 10,
    "invisible": "a\u200b\u200d\u2060b",
    "a long word": "Oberstaufenbichler" * 11,
    "a long name": "The Paper Lighthouse and the Winter Signal " * 4,
    "wide": "W" * 200,
    "markup": "<b>&amp;</b> %PDF-1.7 endobj",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_no_text_of_any_script_breaks_a_page_or_hides_its_code(text: str) -> None:
    """The kind is "a text of a buyer or an organiser that the typesetter does not take as text".

    Every text of a sheet is one: the event's name and venue, the buyer's name, the area, the category, and a seat's
    section, row and name. Each gets each text here, at its greatest length.
    """
    event = replace(EVENT, name=text[:200], venue=text[:200])
    lines = (HeldLine(area=text[:100], quantity=1),)
    booking = replace(BOOKING, lines=lines, quantity=1, buyer_name=text[:200])
    (page,) = await printed(booking, event)
    assert len(page.codes) == 1
    assert "root:" not in page.text
    seats = SeatMap.build(
        [SeatSpec(label="A", section=text[:100], row=text[:50], name=text[:50], category=text[:100])], 1
    )
    seated = replace(BOOKING, lines=(HeldLine(seats=("A",), quantity=1),), quantity=1)
    (admission,) = admissions_of(seated, event, seats, first=1, limit=1)
    ticket = replace(tickets_of(booking, event)[0], admission=admission)
    (page,) = pages_of(await PdfMaker().make(sheet_data(seated, event, [ticket])))
    assert len(page.codes) == 1


class TestLimits:
    async def test_a_process_without_an_end_is_killed(self) -> None:
        maker = PdfMaker(max_seconds=0.2, program=("sleep", "600"))
        with pytest.raises(Unavailable, match="could not be made"):
            await maker.make({})
        with pytest.raises(Unavailable):
            await maker.make({})  # the first one is over, so this one had its turn

    @pytest.mark.parametrize(
        "program", [("false",), ("echo", "no PDF"), ("cat",), (sys.executable, "-c", "import os; os.abort()")]
    )
    async def test_a_process_that_fails_makes_no_answer(self, program: tuple[str, ...]) -> None:
        with pytest.raises(Unavailable, match="The tickets are valid without it"):
            await PdfMaker(program=program).make({})

    async def test_a_buyer_who_leaves_ends_the_process(self) -> None:
        maker = PdfMaker(program=("sleep", "600"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(maker.make({}), timeout=0.2)
        assert not maker._room.locked()

    async def test_a_crowd_waits_or_is_refused(self) -> None:
        """One at once, eight at most in all: documents never take a processor from the sales."""
        maker = PdfMaker(program=("sleep", "600"))
        waiting = [asyncio.create_task(maker.make({})) for _ in range(8)]
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="Too many documents"):
            await maker.make({})
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    @pytest.mark.parametrize(
        ("act", "complaint"),
        [
            ("bytearray(3 << 30)", "MemoryError"),
            ("pathlib.Path('/tmp/holdfast-no-file').write_text('x')", "File too large"),
            ("print(sorted(os.environ), file=sys.stderr); sys.exit(1)", "LC_ALL"),
        ],
        ids=["memory", "files", "environment"],
    )
    def test_the_process_is_fenced(self, act: str, complaint: str) -> None:
        from holdfast.tickets.pdf import _environment

        program = (
            f"import os, pathlib, sys\nfrom holdfast.tickets import pdf_process\npdf_process._limit()\n{act}"
        )
        ended = subprocess.run(
            [sys.executable, "-P", "-c", program],
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode != 0
        assert complaint in ended.stderr
        assert "HOLDFAST" not in ended.stderr
