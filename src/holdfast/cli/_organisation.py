"""Options of commands that act for one organisation."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.access.access import Access

__all__ = ["MAIN_SLUG", "ForOrganisation", "organisation_number"]

MAIN_SLUG = "main"

ForOrganisation = Annotated[
    str,
    typer.Option(
        "--organisation",
        metavar="SLUG",
        help="The organisation, by its short name. A server of one organiser needs no other than `main`.",
    ),
]


async def organisation_number(access: Access, slug: str) -> int:
    """Return the organisation's number. Raises StaffRefused if it does not exist."""
    return (await access.organisations.get(slug)).number
