"""Layouts: the seats that a document describes, before an event has them, and the document's errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from holdfast.errors import DuplicateSeat, FieldError, InvalidInput
from holdfast.errors.fields import FIELD
from holdfast.inventory.seating.drawn_areas import DrawnArea, MapDetails, MapSource
from holdfast.inventory.seating.label import find_problem_of_text, normalise_label, normalise_name
from holdfast.inventory.seating.seat_map import MAX_SEATS, SeatSpec

MAX_CATEGORIES = 100
MAX_REPORTED = 20
"""Max errors in one answer, so that a document of 100,000 wrong seats does not get 100,000 errors."""

MAX_TABLE = 500
"""Seats of a table that is sold whole: as many as one hold may have."""

MAX_COORDINATE = 10_000_000


MAX_DRAWN_AREAS = 200
MAX_CORNERS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Seats in row order, left to right within a row, and their categories, best first; and counted areas."""

    seats: tuple[SeatSpec, ...]
    categories: tuple[str, ...]
    areas: tuple[DrawnArea, ...] = ()
    source: MapSource | None = None
    """The venue's map that it was read from, if any."""

    @property
    def details(self) -> MapDetails:
        return MapDetails(areas=tuple(area.as_dict() for area in self.areas), source=self.source)


@dataclass(slots=True)
class LayoutReader:
    """Reads one document and collects its errors. It refuses at the end, or as soon as it has the max number.

    The `take_` methods note an error and return None if the value is invalid.
    """

    base: str = ""
    """The document's JSON Pointer in the whole body."""
    found: list[FieldError] = field(default_factory=list)
    duplicates: list[FieldError] = field(default_factory=list)

    def note(self, pointer: str, code: str, detail: str) -> None:
        self.found.append(FieldError(pointer=self.base + pointer, code=code, detail=detail))
        if len(self.found) >= MAX_REPORTED:
            self.refuse()

    def note_duplicate(self, pointer: str, detail: str) -> None:
        if len(self.duplicates) < MAX_REPORTED:
            self.duplicates.append(DuplicateSeat.at(self.base + pointer, detail))

    def fail(self, pointer: str, code: str, detail: str) -> NoReturn:
        self.note(pointer, code, detail)
        self.refuse()

    def refuse(self) -> NoReturn:
        raise InvalidInput(f"The seat map cannot be used: {self.found[0].detail}", errors=tuple(self.found))

    def finish(
        self, seats: list[SeatSpec], categories: Iterable[str], areas: Sequence[DrawnArea] = ()
    ) -> Layout:
        """Return the layout. Raises InvalidInput, or DuplicateSeat if duplicates are the only errors."""
        if self.found:
            self.refuse()
        if self.duplicates:
            raise DuplicateSeat(self.duplicates[0].detail, errors=tuple(self.duplicates))
        if not seats:
            self.fail("", "too_few", FieldError.SEAT_REQUIRED)
        used = {seat.category for seat in seats}
        ordered = tuple(name for name in dict.fromkeys(categories) if name in used)
        return Layout(seats=tuple(seats), categories=ordered, areas=tuple(areas))

    def count_seats(self, count: int, pointer: str) -> None:
        if count > MAX_SEATS:
            self.fail(pointer, "too_many", f"A seat map has at most {MAX_SEATS} seats.")

    def take_object(self, value: object, pointer: str) -> dict[str, Any] | None:
        if isinstance(value, dict):
            return value
        self.note(pointer, "wrong_type", FieldError.NOT_OBJECT)
        return None

    def take_list(self, value: object, pointer: str) -> list[Any]:
        if isinstance(value, list):
            return value
        self.note(pointer, "wrong_type", FieldError.NOT_LIST)
        return []

    def take_count(self, value: object, pointer: str) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int):
            self.note(pointer, "wrong_type", FieldError.NOT_INTEGER)
        elif not 1 <= value <= MAX_SEATS:
            self.note(pointer, "out_of_range", f"{FIELD} must be from 1 to {MAX_SEATS}.")
        else:
            return value
        return None

    def take_label(self, value: object, pointer: str) -> str | None:
        try:
            return normalise_label(value, pointer=FIELD)
        except InvalidInput as refused:
            self.note(pointer, "invalid_label", refused.detail)
            return None

    def take_name(self, value: object, pointer: str) -> str | None:
        try:
            return normalise_name(value, pointer=FIELD)
        except InvalidInput as refused:
            self.note(pointer, "invalid_text", refused.detail)
            return None

    def take_text(self, value: object, pointer: str) -> str | None:
        """Return a text exactly as given; it may be blank."""
        problem = find_problem_of_text(value)
        if problem is None and isinstance(value, str):
            return value
        self.note(pointer, "invalid_text", problem or "")
        return None

    def take_coordinate(self, value: object, pointer: str) -> float | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.note(pointer, "wrong_type", FieldError.NOT_NUMBER)
        elif not abs(value) <= MAX_COORDINATE:  # NaN fails, too
            self.note(pointer, "out_of_range", f"{FIELD} must be from -{MAX_COORDINATE} to {MAX_COORDINATE}.")
        else:
            return float(value)
        return None

    def take_flag(self, value: object, pointer: str) -> bool:
        if value is None or isinstance(value, bool):
            return value is True
        self.note(pointer, "wrong_type", FieldError.NOT_BOOLEAN)
        return False

    def take_sold_whole(self, value: object, pointer: str) -> bool:
        """Return whether `sold` says that a row, table or booth is sold as a whole."""
        if value not in (None, "seats", "whole"):
            self.note(pointer, "unknown_value", FieldError.SOLD)
        return value == "whole"

    def check_table(self, seats: int, pointer: str) -> None:
        if seats > MAX_TABLE:
            self.note(pointer, "too_many", f"A table that is sold whole has at most {MAX_TABLE} seats.")

    def refuse_unknown(self, value: dict[str, Any], known: frozenset[str], pointer: str) -> None:
        for key in value:
            if key not in known:
                self.note(f"{pointer}/{escape(key)}", "unknown_field", FieldError.UNKNOWN)


def escape(key: object) -> str:
    """Return a key as a JSON Pointer spells it, shortened, and safe to print."""
    text = str(key)[:64].encode("ascii", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")
