"""Event options: the fields of an event as options of `event create` and `event change`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.cli._areas import parse_areas
from holdfast.cli._values import Metadata, metadata_of, whole_number
from holdfast.cli.output import fail

__all__ = [
    "AllowPartial", "Areas", "Capacity", "EventRef", "HoldTtl", "MaxHoldTtl", "MaxPerBuyer", "MaxPerHold", "Metadata",
    "NewAreas", "NewCategories", "OffSaleAt", "OnSaleAt", "SeatMapFile", "StartsAt", "StoredMap", "TimeZone", "Venue",
    "additions", "fields_of", "stored_map",
]  # fmt: skip

EventRef = Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")]
SeatMapFile = Annotated[
    Path | None,
    typer.Option(
        "--seat-map",
        help="JSON file of the numbered seats: sections of equal rows, labels, or a plan in pretix's schema.",
    ),
]
StoredMap = Annotated[
    str | None,
    typer.Option(metavar="MAP", help="Id of a seat map of `holdfast map`, instead of a file."),
]
Capacity = Annotated[
    int | None, typer.Option(parser=whole_number, metavar="NUMBER", help="Admissions of one area, `general`.")
]
Areas = Annotated[
    list[str] | None, typer.Option(help="A counted area, as NAME=CAPACITY. Repeat it for several areas.")
]
NewAreas = Annotated[
    list[str] | None, typer.Option(help="A new counted area, as NAME=CAPACITY. Repeat it for several areas.")
]
NewCategories = Annotated[
    list[str] | None,
    typer.Option(help="A new category of the added seats. Repeat it for several categories."),
]
Venue = Annotated[str | None, typer.Option(help="The venue's name.")]
TimeZone = Annotated[str | None, typer.Option(help="The venue's time zone, for example Europe/Berlin.")]
StartsAt = Annotated[
    str | None,
    typer.Option(
        help="Start of the event: a local time of its zone (2027-05-01T19:00), or an RFC 3339 time."
    ),
]
OnSaleAt = Annotated[str | None, typer.Option(help="Start of sales, in the same form.")]
OffSaleAt = Annotated[str | None, typer.Option(help="End of sales, in the same form.")]
HoldTtl = Annotated[
    int | None, typer.Option(parser=whole_number, metavar="NUMBER", help="Default lifetime of a hold; 600.")
]
MaxHoldTtl = Annotated[
    int | None, typer.Option(parser=whole_number, metavar="NUMBER", help="Max lifetime of a hold.")
]
MaxPerHold = Annotated[
    int | None,
    typer.Option(
        parser=whole_number,
        metavar="NUMBER",
        help="Max admissions in one hold; 20 by default, 0 for no limit.",
    ),
]
MaxPerBuyer = Annotated[
    int | None,
    typer.Option(parser=whole_number, metavar="NUMBER", help="Max admissions of one buyer in this event."),
]
AllowPartial = Annotated[
    bool | None,
    typer.Option("--allow-partial/--no-partial", help="Grant fewer admissions if not all are available."),
]


def fields_of(area: list[str] | None, metadata: list[str] | None = None, **given: Any) -> dict[str, Any]:
    """Return the given options as the fields of a body of the API. Raises typer.Exit for a wrong --area."""
    given = {**given, "metadata": metadata_of(metadata)}
    fields = {name: value for name, value in given.items() if value is not None}
    if fields.get("max_per_hold") == 0:
        fields["max_per_hold"] = None
    return {**fields, "areas": _read_areas("--area", area)} if area else fields


def stored_map(id: str | None, file: Path | None) -> dict[str, Any]:
    """Return the field that names a stored seat map, if any. Raises typer.Exit if a file is named as well."""
    if id is None:
        return {}
    if file is not None:
        raise fail("--stored-map and --seat-map exclude each other.", code=2)
    return {"seat_map": {"id": id}}


def additions(
    areas: list[dict[str, Any]] | None, add_area: list[str] | None, add_category: list[str] | None
) -> dict[str, Any]:
    """Return what a change adds to the event, with the `areas` that it changes. Raises typer.Exit for a wrong one."""
    added: dict[str, Any] = {}
    if add_area:
        new = [{**each, "add": True} for each in _read_areas("--add-area", add_area)]
        added["areas"] = [*(areas or ()), *new]
    if add_category:
        added["categories"] = [{"name": name, "add": True} for name in add_category]
    return added


def _read_areas(option: str, given: list[str]) -> list[dict[str, Any]]:
    try:
        return [each for text in given for each in parse_areas(text, single=True)]
    except ValueError as mistake:
        raise fail(f"{option}: {mistake}", code=2) from None
