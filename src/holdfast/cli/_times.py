"""Times: an event's local times, as options and files give them and as commands show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from holdfast.errors import FieldError, InvalidInput
from holdfast.errors.fields import FIELD
from holdfast.http.values import find_zone

__all__ = ["TIMES", "local", "with_local_times", "with_offsets"]

TIMES = ("starts_at", "on_sale_at", "off_sale_at")
"""Fields of an event that may be local times."""

_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)")


def with_offsets(fields: Mapping[str, Any], time_zone: str | None = None) -> dict[str, Any]:
    """Return the fields with each local time of the event's zone as an RFC 3339 time.

    `time_zone` is the event's zone if the fields have none. Raises InvalidInput for a local time without a zone, and
    for one that the zone's clock skips or repeats.
    """
    found = {
        name: text for name in TIMES if isinstance(text := fields.get(name), str) and _LOCAL.fullmatch(text)
    }
    name = fields.get("time_zone") or time_zone
    zone = find_zone(name) if isinstance(name, str) else None
    if name is not None and zone is None:
        return {each: value for each, value in fields.items() if each not in found}  # the zone is the mistake
    faults: list[FieldError] = []
    moments: dict[str, str] = {}
    for field, text in found.items():
        try:
            moments[field] = _moment(text, zone)
        except ValueError as mistake:
            faults.append(FieldError(pointer=f"/{field}", code="wrong_format", detail=str(mistake)))
    if faults:
        raise InvalidInput(" ".join(one.detail for one in faults), errors=tuple(faults))
    return {**fields, **moments}


def local(moment: datetime | None, time_zone: str | None) -> datetime | None:
    """Return the time on the clock of the event's zone, or in UTC without one."""
    zone = find_zone(time_zone) if time_zone is not None else None
    return moment if moment is None or zone is None else moment.astimezone(zone)


def with_local_times(record: Mapping[str, Any], time_zone: str | None) -> dict[str, Any]:
    """Return the record with every time on the clock of the event's zone, for people."""
    return {
        name: local(value, time_zone) if isinstance(value, datetime) else value
        for name, value in record.items()
    }


def _moment(text: str, zone: ZoneInfo | None) -> str:
    """Return the time in UTC. Raises ValueError with the text of the mistake."""
    if zone is None:
        raise ValueError(FieldError.TIME_WITHOUT_ZONE)
    form = _LOCAL.fullmatch(text)
    assert form is not None
    try:
        clock = datetime.fromisoformat(f"{form[1]}T{form[2]}")
        first, second = (clock.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    except (ValueError, OverflowError):
        raise ValueError(FieldError.TIME_NO_SUCH) from None
    if first == second:
        return first.isoformat()
    candidates = " or ".join(one.astimezone(zone).isoformat() for one in sorted((first, second)))
    what = f"skips {clock:%H:%M}" if first > second else f"shows {clock:%H:%M} twice"
    raise ValueError(
        f"{FIELD} is not one time: the clock of {zone.key} {what} on that day. Write {candidates}."
    )
