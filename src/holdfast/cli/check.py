"""`holdfast check`: compares all counters, claims and journals."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from holdfast.cli.output import AsJson, Column, count_of, print_json, print_table

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_COLUMNS = (
    Column(name="event"),
    Column(name="code"),
    Column(name="subject", rank=1),
    Column(name="detail", is_text=True),
)


@app.command()
def check(
    events: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EVENT]...", help="Numbers or ids of events. Default: all events."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Derive every counter, claim and journal again from the rows, and print each disagreement.

    Exits with 0 if everything agrees, and with 1 if anything does not. The check only reads, in short steps, and is
    safe during sales.
    """
    from holdfast.cli._database import resolve, use_engine
    from holdfast.cli._progress import progress_bar
    from holdfast.inventory.audit.check import Report
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.operations import Ahead

    async def run(inventory: Inventory) -> tuple[Report, list[Ahead]]:
        auditor = inventory.operations.make_auditor()
        named = [await resolve(inventory, text) for text in dict.fromkeys(events or ())]
        numbers = named or await auditor.list_numbers()
        with progress_bar(total=len(numbers), quiet=as_json) as bar:
            seen: set[int] = set()

            def show(number: int, what: str) -> None:
                if seen and number not in seen:
                    bar.step()
                seen.add(number)
                bar.say(f"event {number}: {what}")

            report = await auditor.check(numbers, with_strays=not named, progress=show)
        return report, await inventory.operations.observe_clock()

    report, ahead = use_engine(run)
    for each in ahead:
        typer.echo(
            f"Event {each.number} is {each.seconds:,.0f} seconds ahead of the clock, so that its holds do not expire: "
            "correct the clock, then run `holdfast db fix-clock`.",
            err=True,
        )
    found = [
        {"event": each.event, "code": each.code, "subject": each.subject, "detail": each.detail}
        for each in report.disagreements
    ]
    left_out = sum(event.left_out for event in report.events)
    if as_json:
        print_json(_report_json(report, found, left_out))
    elif found:
        print_table(found, columns=_COLUMNS)
        more = f", and {left_out:,} more of the same kinds" if left_out else ""
        typer.echo(f"{count_of(len(found), 'disagreement')}{more}.", err=True)
    else:
        holds = sum(event.holds for event in report.events)
        typer.echo(f"Everything agrees: {count_of(len(report.events), 'event')}, {count_of(holds, 'hold')}.")
    if found:
        raise typer.Exit(1)


def _report_json(report: Any, found: list[dict[str, Any]], left_out: int) -> dict[str, Any]:
    return {
        "agrees": not found,
        "events": [
            {
                "number": event.number,
                "name": event.name,
                "version": event.version,
                "holds": event.holds,
                "claims": event.claims,
            }
            for event in report.events
        ],
        "disagreements": found,
        "left_out": left_out,
        "longest_snapshot_seconds": round(report.longest_snapshot_seconds, 4),
    }
