"""`holdfast checkin`: record a scan of a ticket, read the log of scans, and set the rules of an event's doors."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from holdfast.cli.output import AsCsv, AsJson, Column, fail, print_record, print_table

if TYPE_CHECKING:
    from holdfast.door.door import Door
    from holdfast.inventory.inventory import Inventory

__all__ = ["app"]

app = typer.Typer(
    help="Check tickets in at the doors of an event, read the log of scans, and set the rules of the doors.",
    no_args_is_help=True,
    add_completion=False,
)

EventArg = Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or its id.")]


class ReEntryRule(StrEnum):
    """The words of `door.decide.ReEntry`. A test compares them."""

    NEVER = "never"
    AFTER_EXIT = "after_exit"
    ALWAYS = "always"


@app.command()
def scan(  # noqa: PLR0917 - typer passes them by name
    event: EventArg,
    code: Annotated[str, typer.Argument(metavar="CODE", help="What a scanner has read, in quotes.")],
    out: Annotated[bool, typer.Option("--out", help="The person leaves.")] = False,
    gate: Annotated[str | None, typer.Option(help="The name of the gate.")] = None,
    on_list: Annotated[str | None, typer.Option("--list", help="By which list of the event.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record a scan at the door of an event. Exits with 1 unless the person may pass."""
    from holdfast.api.v1.check_ins import recorded_json
    from holdfast.cli._database import BY, resolve, use_door
    from holdfast.door.decide import MOVEMENTS, Direction
    from holdfast.door.records import NewScan, ScanAnswer

    async def record(inventory: Inventory, door: Door) -> ScanAnswer:
        one = NewScan(
            seq=1,
            at=datetime.now(UTC),
            code=code,
            direction=Direction.OUT if out else Direction.IN,
            gate=gate,
            list=on_list,
        )
        number = await resolve(inventory, event)
        (answer,) = await door.record(number, f"{BY}-{uuid4()}", [one], sent_at=one.at, by=BY)
        return answer

    answer = use_door(record)
    found = recorded_json(answer)
    if as_json:
        print_record(found, as_json=True)
    else:
        earlier = found["earlier"]
        print_record(
            {
                "verdict": found["verdict"].value,
                "why": found["why"],
                "ticket": found["ticket"],
                "admission": found["admission"],
                "earlier": None if earlier is None else _earlier_text(earlier),
            }
        )
    if answer.scan.verdict not in MOVEMENTS:
        raise typer.Exit(1)


@app.command("log")
def list_scans(
    event: EventArg,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Max number of scans.")] = 200,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the scans of an event, newest first."""
    from holdfast.api.v1.check_ins import check_in_json
    from holdfast.cli._database import resolve, use_door

    async def find(inventory: Inventory, door: Door) -> list[dict[str, Any]]:
        found = await door.list_scans(await resolve(inventory, event), before=None, limit=limit)
        return [check_in_json(each) for each in found]

    columns = (
        Column(name="number"),
        Column(name="at", rank=1),
        Column(name="direction", rank=2),
        Column(name="gate", is_text=True, rank=3, is_optional=True),
        Column(name="list", is_text=True, rank=4, is_optional=True),
        Column(name="verdict"),
        Column(name="why", rank=5, is_optional=True),
        Column(name="ticket", is_optional=True),
        Column(name="admission", is_text=True, rank=6, is_optional=True),
    )
    print_table(use_door(find), columns=columns, none="There are no scans.", as_json=as_json, as_csv=as_csv)


@app.command()
def counts(event: EventArg, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List how many scans each gate has recorded."""
    from holdfast.api.v1.door import door_json
    from holdfast.cli._database import resolve, use_door

    async def find(inventory: Inventory, door: Door) -> list[dict[str, Any]]:
        number = await resolve(inventory, event)
        found = door_json(number, await door.get_state(number), list(await door.count_by_gate(number)))
        return list(found["counts"])

    columns = (
        Column(name="gate", is_text=True, is_optional=True),
        Column(name="list", is_text=True, is_optional=True),
        Column(name="admitted"),
        Column(name="out"),
        Column(name="refused"),
        Column(name="duplicates", rank=1),
    )
    print_table(use_door(find), columns=columns, none="There are no scans.", as_json=as_json, as_csv=as_csv)


@app.command()
def rules(
    event: EventArg,
    re_entry: Annotated[
        ReEntryRule | None, typer.Option(help="Whether a person who has left may come in again.")
    ] = None,
    lists: Annotated[
        list[str] | None,
        typer.Option("--list", help="A list and its categories: 'VIP=box,stalls'. It may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the rules of an event's doors, or change those that are given. `--list` replaces all lists."""
    from holdfast.access.audit import Actor
    from holdfast.api.v1.door import door_json
    from holdfast.cli._database import BY, resolve, use_door
    from holdfast.door.decide import ReEntry

    given = None if not lists else [_list_of(text) for text in lists]

    async def work(inventory: Inventory, door: Door) -> dict[str, Any]:
        number = await resolve(inventory, event)
        state = await door.get_state(number)
        if re_entry is not None or given is not None:
            rule = None if re_entry is None else ReEntry(re_entry.value)
            state = await door.change_rules(number, re_entry=rule, lists=given, by=Actor(principal=BY))
        return door_json(number, state, list(await door.count_by_gate(number)))

    found = use_door(work)
    if not as_json:
        del found["counts"]
        found["lists"] = "; ".join(_list_text(each) for each in found["lists"]) or None
        found["re_entry"] = found["re_entry"].value
    print_record(found, as_json=as_json)


def _list_of(text: str) -> Any:
    from holdfast.door.decide import EntryList

    name, _, categories = text.partition("=")
    if not name.strip():
        raise fail("A list is NAME or NAME=CATEGORY,CATEGORY.")
    names = tuple(one.strip() for one in categories.split(",") if one.strip())
    return EntryList(name=name.strip(), categories=names)


def _list_text(found: dict[str, Any]) -> str:
    names = [*found["areas"], *found["categories"]]
    return f"{found['name']}={','.join(names)}" if names else str(found["name"])


def _earlier_text(earlier: dict[str, Any]) -> str:
    where = "" if earlier["gate"] is None else f" at {earlier['gate']}"
    return f"{earlier['direction'].value} {earlier['at']:%Y-%m-%d %H:%M:%SZ}{where}"
