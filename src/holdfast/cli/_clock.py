"""`holdfast db new-epoch`, `fix-clock` and `forget-key`: after history, the time or the server key went wrong."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer

from holdfast.cli._consent import Yes, ask
from holdfast.cli.output import AsJson, Column, count_of, print_record, print_table

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory

__all__ = ["ADVICE", "app"]

ADVICE = "Holds of these events do not expire: correct the clock, then run `holdfast db fix-clock`."

app = typer.Typer(add_completion=False)


@app.command("new-epoch")
def new_epoch(as_json: AsJson = False) -> None:
    """Make all clients read everything again. Run it after the database lost its last sales.

    `db restore` and a restore by pg_restore do this by themselves. A copy of the data folder, a recovery to a point in
    time, and the promotion of an asynchronous standby look like the database itself, so that they need this command.
    Running servers notice it within a second.
    """
    from holdfast.cli._database import using_database

    with using_database() as url:
        _renew_epoch(url)
        epoch = asyncio.run(_read_epoch(url))
    print_record({"epoch": epoch}, as_json=as_json)


@app.command("forget-key")
def forget_key(yes: Yes = False, as_json: AsJson = False) -> None:
    """Let the next start of a server choose the server key, because the one before is lost or known to others.

    A start refuses another HOLDFAST_SECRET_KEY. With another one, access tokens, second factors, secrets of webhooks,
    links in mails and cursors of before are invalid. Hold tokens still work. Stop all servers first. It asks first.
    """
    from holdfast.access import server_key
    from holdfast.cli._database import using_database

    with using_database() as url:
        ask("What was made with the present server key becomes invalid with another one. Forget it?", yes=yes)
        server_key.forget_key(url)
    print_record({"forgotten": True}, as_json=as_json)


@app.command("fix-clock")
def fix_clock(as_json: AsJson = False) -> None:
    """Set back what was written while the database's clock was ahead. Correct the clock first.

    Until then holds of these events do not expire. Holds that were placed to last for more than a day are released. An
    event cannot go back before the end of a hold that has expired: then it stays ahead for as long as a hold lives. All
    clients read everything again. Outward acts that wait for the wrong time are due now, and sign-ins and links that
    would last too long end.
    """
    from holdfast.access.restored import end_sign_ins
    from holdfast.cli._database import use_delivery_at, use_engine_at, using_database

    with using_database() as url:
        fixed = use_engine_at(url, _set_events_back)
        jobs = use_delivery_at(url, lambda delivery: delivery.jobs.set_back())
        ended = end_sign_ins(url, only_ahead=True)
        if fixed:
            _renew_epoch(url)
    columns = [Column(name=name) for name in ("event", "seconds", "seconds_left", "holds_released")]
    print_table(fixed, columns=columns, none="No event is ahead of the clock.", as_json=as_json)
    if jobs:
        typer.echo(f"{count_of(jobs, 'job')} waited for the wrong time, and became due.", err=True)
    if ended:
        typer.echo(
            f"{count_of(ended, 'sign-in or link', 'sign-ins and links')} would last too long, and ended.",
            err=True,
        )


async def _set_events_back(inventory: Inventory) -> list[dict[str, Any]]:
    from holdfast.cli._database import BY
    from holdfast.errors import HoldfastError
    from holdfast.inventory.rules.commands import STAFF, ReleaseHold

    fixed = []
    for ahead in await inventory.operations.observe_clock():
        endless = await inventory.operations.set_clock_back(ahead.number)
        released = 0
        for hold in endless:
            with suppress(HoldfastError):  # someone released it meanwhile
                await inventory.execute(ahead.number, ReleaseHold(by=BY, hold_id=hold, authority=STAFF))
                released += 1
        fixed.append({"event": ahead.number, "seconds": round(ahead.seconds), "holds_released": released})
    still = {each.number: round(each.seconds) for each in await inventory.operations.observe_clock()}
    return [row | {"seconds_left": still.get(row["event"], 0)} for row in fixed]


def _renew_epoch(url: str) -> None:
    from holdfast.postgres.connections import connect_once
    from holdfast.postgres.epoch import renew_epoch

    with connect_once(url) as connection:
        renew_epoch(connection)


async def _read_epoch(url: str) -> str:
    from holdfast.postgres.connections import Connections

    connections = Connections(url, size=1, application="holdfast-cli")
    await connections.open()
    try:
        await connections.check_epoch()
        return connections.epoch
    finally:
        await connections.close()
