"""`holdfast plan`: how many machines a crowd needs, on paper."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from holdfast.cli.output import AsJson, print_json

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def plan(  # noqa: PLR0917 - typer passes them by name
    visitors: Annotated[int, typer.Option(min=1, help="People who come, for all events together.")],
    events: Annotated[int, typer.Option(min=1, help="Events that they come for, in equal parts.")] = 1,
    minutes: Annotated[float, typer.Option(min=0.1, help="Minutes in which they arrive.")] = 10,
    peak: Annotated[float, typer.Option(min=1, help="The worst second over the average.")] = 3,
    reads: Annotated[float, typer.Option(min=0, help="Reads of a visitor.")] = 5,
    attempts: Annotated[float, typer.Option(min=0, help="Holds that a visitor tries to place.")] = 1,
    watching: Annotated[float, typer.Option(min=0, max=1, help="The share with a stream open.")] = 0.2,
    cores: Annotated[int, typer.Option(min=1, help="Cores of a machine.")] = 16,
    gigabytes: Annotated[int, typer.Option(min=1, help="Memory of a machine.")] = 64,
    as_json: AsJson = False,
) -> None:
    """Estimate what a crowd needs: cores, memory, connections, and where the first limit is.

    It computes with costs that were measured on one machine, and measures nothing. Measure yours with `holdfast rush`.
    """
    from holdfast.capacity import Machine, Visitors, first_limit, needs_of

    crowd = Visitors(
        visitors=visitors,
        events=events,
        minutes=minutes,
        peak=peak,
        reads=reads,
        attempts=attempts,
        watching=watching,
    )
    needs = needs_of(crowd, Machine(cores=cores, gigabytes=gigabytes))
    limit = first_limit(needs)
    if as_json:
        record = {
            "arrivals_per_second": crowd.per_second,
            "present": crowd.present,
            "needs": [asdict(need) | {"units": need.units} for need in needs],
            "first_limit": limit.what,
        }
        print_json(record)
        return
    typer.echo(f"In the worst second {crowd.per_second:,.0f} arrive, and {crowd.present:,.0f} are there.")
    for need in needs:
        typer.echo(
            f"  {need.what:<30}{need.needed:>12,.1f}  of {need.unit_has:>8,.0f}   {need.units:,} {need.unit}"
        )
    typer.echo(f"First limit: {limit.what}, at {limit.share:,.1f} times what one has.")
    if not limit.can_grow and limit.share > 1:
        admitted = limit.unit_has / attempts
        typer.echo(f"No machine adds to it: let in {admitted:,.0f} visitors per second for each event.")
