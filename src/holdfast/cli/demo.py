"""`holdfast demo`: puts a sample programme on sale, and prints a command line for each step of a sale."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from holdfast.cli.output import AsJson, print_json

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_TYPE = "-H 'Content-Type: application/json'"


class SampleHouse(StrEnum):
    """The sample houses that `holdfast demo` can sell."""

    ARENA = "arena"
    HORSESHOE = "horseshoe"
    BEER_HALL = "beer-hall"


@app.command()
def demo(
    url: Annotated[
        str | None,
        typer.Option(help="The server's URL. Default: where this machine's server listens."),
    ] = None,
    house: Annotated[
        SampleHouse | None,
        typer.Option(
            help="Only this house: an arena in the round, a horseshoe theatre, or a hall of tables. Default: the "
            "arena, with a small programme of other events."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a sample programme on sale, and print the address of its page and a curl line for each step of a sale."""
    from datetime import UTC, datetime

    from holdfast.access.access import Access
    from holdfast.access.audit import Actor
    from holdfast.app.database import is_running
    from holdfast.app.settings import load_settings
    from holdfast.cli._address import server_url
    from holdfast.cli._database import BY, plain_errors, use_shop
    from holdfast.cli._event_files import new_event
    from holdfast.cli._programme import MadeEvent, dated, make_programme
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.seating.forms import parse_seat_map
    from holdfast.presentation.presentations import Presentations
    from holdfast.samples import arena, beer_hall, horseshoe

    plan, name, venue, about = {
        SampleHouse.ARENA: (
            arena,
            "A night at the arena",
            "Arena",
            "Two bands in the round, and no seat far from the stage. Stand in front of it, or sit on one of two tiers.",
        ),
        SampleHouse.HORSESHOE: (
            horseshoe,
            "A night at the theatre",
            "Théâtre de la Rive",
            "A comedy of lost letters in an old house by the river. Two hours, with a pause.",
        ),
        SampleHouse.BEER_HALL: (
            beer_hall,
            "A night of beer and brass",
            "Brauhaus",
            "Long tables, loud brass, and a plate for everybody. Come hungry.",
        ),
    }[house or SampleHouse.ARENA]
    now = datetime.now(UTC)
    with plain_errors():
        settings = load_settings()
        layout = parse_seat_map(plan())
        standing = sum(area.capacity for area in layout.areas)
        labels = [seat.label for seat in layout.seats if seat.category == layout.categories[0]][:2]
        base = server_url(settings, url or settings.public_url)
        new = new_event(dated({"name": name, "venue": venue}, now, days=20), layout)
        running = settings.database_url is not None or is_running(settings)

    async def make(
        inventory: Inventory, access: Access, presentations: Presentations
    ) -> tuple[int, str, list[MadeEvent], bool]:
        event = await inventory.create_event(new, by=BY)
        await presentations.describe(event.number, about, by=Actor(principal=BY))
        others = [] if house else await make_programme(inventory, presentations, now)
        return event.number, str(event.id), others, await access.any_key()

    number, id, others, has_keys = use_shop(make, creates=True)
    urls = {
        "shop": f"{base}/whats-on",
        "availability": f"{base}/v1/events/{number}/availability",
        "seat_map": f"{base}/v1/events/{number}/seat-map",
        "stream": f"{base}/v1/events/{number}/stream",
    }
    steps = steps_of_a_sale(base, number, labels, with_key=has_keys)
    if as_json:
        made = {"number": number, "id": id, "seats": len(new.seats), "standing": standing}
        programme = [{"number": other.number, "name": other.name} for other in others]
        print_json({**made, "programme": programme, "urls": urls, "steps": steps})
        return
    more = f" and {standing:,} to stand" if standing else ""
    typer.echo(f"Event {number} is on sale: {new.name}, {len(new.seats):,} seats{more}.")
    if others:
        typer.echo(f"So are: {'; '.join(other.name for other in others)}.")
    typer.echo()
    for url_of, address in urls.items():
        typer.echo(f"  {url_of.replace('_', ' '):<14}{address}")
    if not running:
        typer.echo("\nStart the server first: holdfast serve")
    if has_keys:
        typer.echo("\nThis server requires a key: export HOLDFAST_API_KEY=hfk_… (`holdfast keys create`)")
    for step, line in steps.items():
        typer.echo(f"\n# {step}\n{line}")
    typer.echo(f"\n# Everything on sale again: the event is a rehearsal\nholdfast event reset {number}")
    typer.echo(f"\n# A crowd of buyers\nholdfast rush {base} --event {number} --best-available 1-4")


def steps_of_a_sale(base: str, number: int, labels: list[str], *, with_key: bool) -> dict[str, str]:
    """Return lines for a shell, which a person runs one after the other."""
    curl = "curl -sS"
    if with_key:
        curl += ' -H "Authorization: Bearer $HOLDFAST_API_KEY"'
    seats = ", ".join(f'"{label}"' for label in labels)
    body = f'{{"event": {number}, "lines": [{{"seats": [{seats}]}}]}}'
    confirm = '{\\"hold\\": \\"$ID\\", \\"hold_token\\": \\"$TOKEN\\"}'
    return {
        "Look": f"{curl} {base}/v1/events/{number}/availability",
        "Hold": f"HOLD=$({curl} {_TYPE} -d '{body}' {base}/v1/holds); echo \"$HOLD\"",
        "Book": f"ID={_part('id')} TOKEN={_part('hold_token')}; "
        f'{curl} {_TYPE} -d "{confirm}" {base}/v1/bookings',
        "History": f"{curl} {base}/v1/events/{number}/seats/{labels[0]}/history",
    }


def _part(name: str) -> str:
    """Return a shell expression for a text member of $HOLD. It needs only standard programs."""
    return f"""$(printf %s "$HOLD" | sed 's/.*"{name}": *"\\([^"]*\\)".*/\\1/')"""
