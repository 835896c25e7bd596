"""`holdfast event present`: show or set what the page of an event shows beside its facts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._event_options import EventRef
from holdfast.cli.output import AsJson, fail, print_record

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory
    from holdfast.presentation.presentations import Presentations

__all__ = ["present"]


def present(
    event: EventRef,
    description: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A file in Markdown, or - for standard input. An empty one clears it."
        ),
    ] = None,
    poster: Annotated[Path | None, typer.Option(metavar="FILE", help="A PNG, JPEG or WebP picture.")] = None,
    no_poster: Annotated[bool, typer.Option("--no-poster", help="Remove the poster.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set the description and the poster of an event, or show what they are."""
    from base64 import b64encode

    from holdfast.access.audit import Actor
    from holdfast.api.v1.presentations import ChangePresentationIn, presentation_json
    from holdfast.cli._bodies import validated
    from holdfast.cli._database import BY, plain_errors, resolve, use_presentations
    from holdfast.presentation.pictures import MAX_BYTES, PictureRefused

    if poster is not None and no_poster:
        raise fail("Give --poster or --no-poster, not both.")
    with plain_errors():
        text = None
        if description is not None:
            text = validated(ChangePresentationIn, {"description": _text(description)})
    image = None if poster is None else b64encode(_read(poster, MAX_BYTES)).decode("ascii")

    async def work(inventory: Inventory, presentations: Presentations) -> dict[str, Any]:
        number, by = await resolve(inventory, event), Actor(principal=BY)
        if image is not None:
            try:
                picture = await presentations.read_picture(image)
            except PictureRefused:
                raise fail(
                    f"{poster} is not a PNG, JPEG or WebP picture of 25 megapixels or fewer."
                ) from None
            await presentations.set_poster(number, picture, by=by)
        if no_poster:
            await presentations.remove_poster(number, by=by)
        if text is not None:
            await presentations.describe(number, text.description or "", by=by)
        return presentation_json(await presentations.get(number))

    found = use_presentations(work)
    if not as_json:
        size = found["poster"]
        found["poster"] = None if size is None else f"{size['width']} × {size['height']}, {size['path']}"
        del found["html"], found["summary"]
    print_record(found, as_json=as_json)


def _text(path: Path) -> str:
    try:
        return _read(path, 1024 * 1024).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise fail(f"{path} is not text in UTF-8.") from None


def _read(path: Path, most: int) -> bytes:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(most + 1)
        else:
            with path.open("rb") as file:
                content = file.read(most + 1)
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > most:
        raise fail(f"{path} is larger than {most // 1024 // 1024} MB.")
    return content
