"""Door page: scans, and one large verdict for each. A hand-scanner or a keyboard needs no script.

The scripts add the camera, and a door without a network: `static/door.js`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated
from uuid import UUID, uuid4

import orjson
from pydantic import StringConstraints

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.rights import own_number
from holdfast.api.values import EventPath
from holdfast.door.decide import Direction, ScanVerdict, Why
from holdfast.door.records import LoggedScan, NewScan
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules.event import FullEvent
from holdfast.languages import mark
from holdfast.web.assets import send_file
from holdfast.web.languages import gettext
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, page
from holdfast.web.static_files import StaticFile, asset_path, imported_by, make_file, static_file
from holdfast.web.written import clock

__all__ = ["routes"]

routes: Routes = PageRoutes()

_SHOWN = 100
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
_Code = Annotated[str, StringConstraints(max_length=400)]

_STYLES = ("tokens.css", "shop.css", "door.css")
_SCRIPTS = ("door.js", "decode_worker.js")
_BESIDE = ("zxing_reader.wasm",)
_NO_FILES = b"([])"
_FEATURES = (b"permissions-policy", b"camera=(self), geolocation=(), microphone=(), payment=()")

_WORDS = {
    ScanVerdict.ADMITTED: ("ok", mark("Let in")),
    ScanVerdict.LEFT: ("ok", mark("Gone out")),
    ScanVerdict.AGAIN: ("again", mark("Already in")),
    ScanVerdict.DUPLICATE: ("again", mark("Already in")),
    ScanVerdict.NOT_IN: ("again", mark("Not inside")),
    ScanVerdict.REFUSED: ("again", mark("Not let in")),
}
_SAYS = {
    Why.NOT_OURS: mark("This is no ticket of ours."),
    Why.OTHER_EVENT: mark("This ticket is for another event."),
    Why.BOOKING_CANCELLED: mark("This ticket was cancelled."),
    Why.EVENT_CANCELLED: mark("The event was cancelled."),
    Why.RETURNED: mark("This ticket was returned."),
    Why.REISSUED: mark("This ticket was issued again. Only the newest code lets in."),
    Why.LIST_UNKNOWN: mark("The event has no such list any more."),
    Why.OTHER_ADMISSION: mark("This ticket is not on the list."),
    Why.TOO_EARLY: mark("The list is not open yet."),
    Why.TOO_LATE: mark("The list is closed."),
    Why.NO_RE_ENTRY: mark("Nobody comes back in after leaving."),
    Why.NEVER_IN: mark("This ticket did not come in here."),
    Why.BY_DEVICE: mark("A door without a network has turned this ticket away."),
}


class ScanIn(PageForm):
    """One scan. Its key makes a repeated press one scan."""

    form_key: UUID
    code: _Code = ""
    direction: Direction = Direction.IN
    gate: _Line = ""
    list: _Line = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVerdict:
    """What the page says of a scan: a tone, a word, and the reason."""

    tone: str
    word: str
    says: str
    admission: str | None


@routes.get("/door", policy=Permission.CHECKINS_WRITE)
async def choose_door(request: Request) -> Reply:
    """Show the events whose doors the caller may keep, newest first."""
    principal = request.principal
    wanted = EventFilter(organisation=principal.organisation)
    found = await request.inventory.queries.list_events(wanted, before=None, limit=_SHOWN)
    events = [event for event, _, _ in found if principal.events is None or event.number in principal.events]
    return page(request, "door_events.html", here="door", events=events)


@routes.get("/door/worker.js", policy=Permission.PUBLIC, anonymous=True)
async def get_door_worker(request: Request) -> Reply:
    """Return the service worker of the doors, which knows the files that their pages need."""
    return send_file(request, _door_worker(), keep=b"no-cache")


@routes.get("/door/{event}", policy=Permission.CHECKINS_WRITE)
async def show_door(request: Request, event: EventPath) -> Reply:
    """Show the field for a code."""
    return await _door_page(request, await _event(request, event), None, ScanIn(form_key=uuid4()))


@routes.post("/door/{event}", policy=Permission.CHECKINS_WRITE)
async def take_scan(request: Request, event: EventPath, form: ScanIn) -> Reply:
    """Record a scan, and show its verdict above the field for the next one."""
    refuse_foreign_form(request)
    found = await _event(request, event)
    if not form.code.strip():
        return await _door_page(request, found, None, form)
    scan = NewScan(
        seq=1,
        at=datetime.now(UTC),
        code=form.code.strip(),
        direction=form.direction,
        gate=form.gate or None,
        list=form.list or None,
    )
    device = f"page-{form.form_key}"
    (answer,) = await request.door.record(
        found.number, device, [scan], sent_at=scan.at, by=request.principal.id
    )
    return await _door_page(request, found, _shown(answer.scan, found), form)


@cache
def _door_worker() -> StaticFile:
    """Return the script with the names of all files of a door's page."""
    script = static_file("door_worker.js").content
    names = [asset_path(each) for each in (*_STYLES, *_SCRIPTS, *_BESIDE)]
    names += [path for script_name in _SCRIPTS for path in imported_by(script_name)]
    assert script.count(_NO_FILES) == 1
    return make_file("worker.js", script.replace(_NO_FILES, orjson.dumps(names)))


async def _event(request: Request, event: UUID | int) -> FullEvent:
    return await request.inventory.queries.get_event(await own_number(request, event))


async def _door_page(request: Request, event: FullEvent, verdict: ShownVerdict | None, form: ScanIn) -> Reply:
    state = await request.door.get_state(event.number)
    counts = await request.door.count_by_gate(event.number)
    return page(
        request,
        "door.html",
        headers=(_FEATURES,),
        here=f"door/{event.number}",
        event=event,
        verdict=verdict,
        form=form,
        lists=[each.name for each in state.rules.lists],
        admitted=sum(each.admitted for each in counts),
        counts=counts,
        form_key=uuid4(),
    )


def _shown(scan: LoggedScan, event: FullEvent) -> ShownVerdict:
    tone, word = _WORDS.get(scan.verdict, ("stop", mark("Stop")))
    says = "" if scan.why is None else gettext(_SAYS[scan.why]) if scan.why in _SAYS else ""
    if scan.why is Why.ALREADY_IN and scan.earlier is not None:
        at = clock(in_zone(scan.earlier.at, event.time_zone))
        says = gettext("Came in at %(time)s.", time=at)
        if scan.earlier.gate is not None:
            says = gettext("Came in at %(time)s through %(gate)s.", time=at, gate=scan.earlier.gate)
    return ShownVerdict(tone=tone, word=gettext(word), says=says, admission=scan.admission)
