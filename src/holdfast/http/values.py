"""Values: inputs of any route, and the types they become: ids, times, pages of a list."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from holdfast.errors import FieldError, NotFound
from holdfast.ids import read_id

__all__ = [
    "UUID_SCHEMA",
    "Cursor",
    "FromPath",
    "Id",
    "In",
    "Limit",
    "Time",
    "TimeZone",
    "find_zone",
    "parse_id",
    "parse_time",
    "text_of_bad_time",
]


class In(BaseModel):
    """What a client sends: strict types, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True)
class FromPath:
    """How a path parameter is parsed. A value that `parse` refuses (None) is answered as `missing`."""

    parse: Callable[[str], Any]
    missing: type[NotFound]


_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def parse_id(text: str) -> UUID | None:
    """Return a UUID in canonical form, in any case. The standard library also accepts braces and `urn:uuid:`."""
    return read_id(text) if _UUID.fullmatch(text) else None


def _id(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", FieldError.UUID_TYPE)
    found = parse_id(value)
    if found is None:
        raise PydanticCustomError("wrong_format", FieldError.UUID_FORM)
    return found


UUID_SCHEMA = {"type": "string", "format": "uuid"}

Id = Annotated[UUID, BeforeValidator(_id), WithJsonSchema(UUID_SCHEMA)]

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME = datetime(2101, 1, 1, tzinfo=UTC)


def parse_time(text: str) -> datetime | None:
    """Return an RFC 3339 time with an offset, from 1970 to 2100, in UTC; else None.

    Leap seconds are refused, and so is `-00:00`, an unknown offset.
    """
    form = _TIME.fullmatch(text)
    if form is None or form[4] == "-00:00":
        return None
    day, clock, fraction, offset = form.groups()
    offset = "+00:00" if offset in "Zz" else offset
    if offset[1:3] > "23" or offset[4:6] > "59":
        return None
    microseconds = f"{fraction[:7]:0<7}" if fraction else ""
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{microseconds}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST_TIME <= moment < _END_OF_TIME else None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WITHOUT_OFFSET = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?")


def text_of_bad_time(text: str) -> str:
    """Return what is wrong with a time that `parse_time` refuses."""
    if _DATE.fullmatch(text):
        return FieldError.TIME_OF_DAY_MISSING
    if _WITHOUT_OFFSET.fullmatch(text):
        return FieldError.TIME_OFFSET_MISSING
    if _TIME.fullmatch(text) is None:
        return FieldError.TIME_FORM
    is_out_of_range = not "1970" <= text[:4] <= "2100"
    return FieldError.TIME_RANGE if is_out_of_range else FieldError.TIME_NO_SUCH


def _time(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", FieldError.TIME_TYPE)
    found = parse_time(value)
    if found is None:
        raise PydanticCustomError("wrong_format", text_of_bad_time(value))
    return found


Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-05T18:30:00Z"]}),
]


def _time_zone(value: str) -> str:
    """Check a name against the list. A look-up in the file system would open `../../etc/passwd`."""
    if value not in _time_zones():
        raise PydanticCustomError("not_allowed", FieldError.TIME_ZONE)
    return value


def find_zone(name: str) -> ZoneInfo | None:
    """Return the time zone of an IANA name, or None."""
    return ZoneInfo(name) if name in _time_zones() else None


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACES


_NO_PLACES = {"Factory", "localtime"}
"""A machine that was never set up, and the machine's own zone, which another server may not share."""


TimeZone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_time_zone)]

Limit = Annotated[int, Field(ge=1, le=200, description="Max items in one answer.")]
Cursor = Annotated[str, Field(min_length=1, max_length=1_000, description="`next` of the previous page.")]
