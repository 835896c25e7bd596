"""Event form: what an organiser types of an event, as the body of `/v1/events`, and what of it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import ConfigDict, StringConstraints

from holdfast.errors import FieldError
from holdfast.http.values import find_zone
from holdfast.inventory.rules.event import FullEvent
from holdfast.languages import mark
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import StaffForm
from holdfast.web.pages import in_zone

__all__ = [
    "NOTHING",
    "ROWS",
    "Draft",
    "EventIn",
    "body_of",
    "fields_of",
    "read_plan",
    "rows_of",
    "wrong_fields",
    "wrong_text",
]

ROWS = 4
"""The lines for areas and sections that a new form has."""

_MAX_PLAN = 8_000_000
_MAX_PROSE = 100_000
_MAX_PICTURE = 12_000_000
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_TIMES = ("starts_at", "on_sale_at", "off_sale_at")
_NUMBERS = ("hold_minutes", "max_per_hold", "max_per_buyer")
_MINUTES = re.compile(r"[0-9]{1,5}(\.[0-9]{1,6})?")
_ROW = re.compile(r"(area|section)-([0-9]{1,3})-[a-z]+")


class EventIn(StaffForm):
    """The form. The lines of areas and sections have names such as `area-1-name`."""

    model_config = ConfigDict(extra="allow", strict=False, frozen=True)

    act: Literal["draft", "publish", "preview", "more"] = "preview"
    name: _Line = ""
    venue: _Line = ""
    time_zone: _Line = ""
    starts_at: _Line = ""
    on_sale_at: _Line = ""
    off_sale_at: _Line = ""
    kind: Literal["areas", "rows", "plan", "copy", "stored"] = "areas"
    plan: Annotated[str, StringConstraints(strip_whitespace=True, max_length=_MAX_PLAN)] = ""
    plan_category: _Line = ""
    copied: _Line = ""
    stored: _Line = ""
    repeat: _Line = ""
    repeat_every: _Line = ""
    repeat_count: _Line = ""
    hold_minutes: _Line = ""
    max_per_hold: _Line = ""
    max_per_buyer: _Line = ""
    description: Annotated[str, StringConstraints(max_length=_MAX_PROSE)] = ""
    poster: Annotated[str, StringConstraints(max_length=_MAX_PICTURE)] = ""
    """A picture in base 64. A script writes it."""
    drop_poster: _Line = ""

    def typed(self) -> dict[str, str]:
        """Return every field by its name."""
        return {name: str(value) for name, value in self.model_dump().items()}


NOTHING = dict.fromkeys(EventIn.model_fields.keys() - {"act", "form_key"}, "")
"""The fields of an empty form."""


@dataclass(slots=True)
class Draft:
    """The body of a request, as far as the form could be read, and what is wrong with which field."""

    body: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    """The lines of the form that areas and sections of the body came from, in their order."""


def rows_of(typed: Mapping[str, str], kind: str, least: int) -> range:
    """Return the numbers of the form's lines for areas or sections."""
    known = [int(found[2]) for name in typed if (found := _ROW.fullmatch(name)) and found[1] == kind]
    return range(1, max([least, *known]) + 1)


def body_of(form: EventIn) -> Draft:
    """Return the body for a new event, without its seats."""
    typed = form.typed()
    draft = Draft()
    _read_facts(typed, draft)
    if form.kind == "areas":
        _read_areas(typed, draft)
    elif form.kind == "rows":
        _read_sections(typed, draft)
    elif form.kind == "plan":
        read_plan(form.plan, form.plan_category, draft)
    return draft


def _read_facts(typed: Mapping[str, str], draft: Draft) -> None:
    body = draft.body
    body |= {name: typed[name] for name in ("name", "venue", "time_zone") if typed[name]}
    if not typed["name"]:
        draft.wrong["name"] = gettext(_WRONG["name"])
    zone = find_zone(typed["time_zone"]) if typed["time_zone"] else None
    if typed["time_zone"] and zone is None:
        draft.wrong["time_zone"] = gettext(_WRONG["time_zone"])
    for name in _TIMES:
        if typed[name]:
            at = _time(typed[name], typed["time_zone"])
            if at is None:
                draft.wrong[name] = gettext(_WRONG[name])
            else:
                body[name] = at
    for name in _NUMBERS:
        if typed[name]:
            number = _seconds(typed[name]) if name == "hold_minutes" else _number(typed[name])
            if number is None:
                draft.wrong[name] = gettext(_WRONG[name])
            else:
                body["hold_ttl_seconds" if name == "hold_minutes" else name] = number


def _read_areas(typed: Mapping[str, str], draft: Draft) -> None:
    areas = draft.body["areas"] = []
    for line in rows_of(typed, "area", 0):
        name, capacity = (typed.get(f"area-{line}-{part}", "").strip() for part in ("name", "capacity"))
        if not (name or capacity):
            continue
        number = _number(capacity)
        if not name or number is None:
            draft.wrong["areas"] = gettext(_WRONG["areas"])
        areas.append({"name": name, "capacity": number})
        draft.lines.setdefault("areas", []).append(line)
    if not areas:
        draft.wrong["areas"] = gettext(_WRONG["areas"])


def _read_sections(typed: Mapping[str, str], draft: Draft) -> None:
    sections: list[dict[str, Any]] = []
    for line in rows_of(typed, "section", 0):
        name, rows, seats, category = (
            typed.get(f"section-{line}-{part}", "").strip() for part in ("name", "rows", "seats", "category")
        )
        if not (name or rows or seats):
            continue
        numbers = _number(rows), _number(seats)
        if not name or None in numbers:
            draft.wrong["sections"] = gettext(_WRONG["sections"])
        section = {"name": name, "rows": numbers[0], "seats_per_row": numbers[1]}
        sections.append(section | ({"category": category} if category else {}))
        draft.lines.setdefault("sections", []).append(line)
    if not sections:
        draft.wrong["sections"] = gettext(_WRONG["sections"])
    draft.body["seat_map"] = {"sections": sections}


def read_plan(plan: str, category: str, draft: Draft) -> None:
    """Read a plan in JSON, or a list with a label in each line; an empty line is an aisle."""
    if not plan:
        draft.wrong["plan"] = gettext(_WRONG["plan"])
    elif plan.startswith("{"):
        try:
            draft.body["seat_map"] = orjson.loads(plan)
        except orjson.JSONDecodeError as failed:
            draft.wrong["plan"] = gettext("The plan is not JSON: %(why)s", why=str(failed))
    else:
        labels = [line.strip() or None for line in plan.splitlines()]
        draft.body["seat_map"] = {"labels": labels} | ({"category": category} if category else {})


def _time(text: str, zone: str) -> str | None:
    """Return a time at the venue as `/v1` reads it."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or find_zone(zone) or UTC).isoformat()


def _seconds(minutes: str) -> int | None:
    """Return minutes such as "1.5" or "1,5" as seconds."""
    plain = minutes.replace(",", ".")
    return round(float(plain) * 60) if _MINUTES.fullmatch(plain) else None


def _number(text: str) -> int | None:
    plain = text.replace(" ", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None


_WRONG = {
    "name": mark("Write a name."),
    "venue": mark("Write a shorter name."),
    "time_zone": mark("Write a time zone such as Europe/Berlin."),
    "starts_at": mark("Write a day and a time, such as 2026-12-12T19:30."),
    "on_sale_at": mark("Write a day and a time, such as 2026-12-12T19:30."),
    "off_sale_at": mark("Write a day and a time after the start of sales."),
    "areas": mark("Give each area a name of its own, and a number of places."),
    "sections": mark("Give each section a name, a number of rows, and a number of seats in a row."),
    "plan": mark("Paste a plan, or write a seat in each line."),
    "stored": mark("Choose a seat map that is kept."),
    "hold_minutes": mark("Write a number of minutes, up to 1,440."),
    "max_per_hold": mark("Write a whole number, or nothing."),
    "max_per_buyer": mark("Write a whole number, or nothing."),
}


def wrong_text(name: str) -> str:
    """Return what to say of a field that cannot be used."""
    return gettext(_WRONG[name])


_FIELD_OF = {"hold_ttl_seconds": "hold_minutes", "max_hold_ttl_seconds": "hold_minutes", "capacity": "areas"}


def wrong_fields(errors: Iterable[FieldError], kind: str) -> dict[str, str]:
    """Return what to say at which field, for what `/v1` refuses."""
    found: dict[str, str] = {}
    for error in errors:
        first = error.pointer.strip("/").partition("/")[0]
        name = _FIELD_OF.get(first, first)
        if name == "seat_map":
            name = {"rows": "sections", "stored": "stored"}.get(kind, "plan")
            says = gettext("The plan cannot be used: %(why)s", why=error.detail)
            found.setdefault(name, says if name == "plan" else gettext(_WRONG[name]))
        elif name in _WRONG:
            found.setdefault(name, gettext(_WRONG[name]))
    return found


def fields_of(event: FullEvent) -> dict[str, str]:
    """Return an event as the fields of a form."""
    rules = event.rules
    found = {
        "name": event.name,
        "venue": event.venue or "",
        "time_zone": event.time_zone or "",
        **{name: _local(getattr(event, name), event.time_zone) for name in _TIMES},
        "hold_minutes": f"{rules.hold_ttl_seconds / 60:g}",
        "max_per_hold": str(rules.max_per_hold or ""),
        "max_per_buyer": str(rules.max_per_buyer or ""),
    }
    counted = [area for area in event.areas if not area.seated and area.state == "open"]
    for line, area in enumerate(counted, start=1):
        found |= {f"area-{line}-name": area.name, f"area-{line}-capacity": str(area.capacity)}
    return found


def _local(at: datetime | None, zone: str | None) -> str:
    return "" if at is None else in_zone(at, zone).strftime("%Y-%m-%dT%H:%M")
