"""`holdfast rush`: simulates a crowd of buyers on a server, and checks that the sales add up."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from holdfast.cli._consent import Yes, ask
from holdfast.cli.output import AsJson, fail, print_json
from holdfast.rush.plan import Arrival, CannotRush, Plan, Range, Wish

if TYPE_CHECKING:
    from holdfast.rush.rush import Result
    from holdfast.rush.survey import Survey

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_MAX_AT_ONCE = 100


@app.command()
def rush(
    *,
    event: Annotated[str, typer.Option(help="The event to sell: its number or its id.")],
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="The server's URL. Default: HOLDFAST_URL, else where this machine's server listens.",
        ),
    ] = None,
    buyers: Annotated[int, typer.Option(min=1, max=10_000_000, help="Number of buyers.")] = 10_000,
    over: Annotated[
        float, typer.Option(min=0.1, max=86_400, metavar="SECONDS", help="Arrival window in seconds.")
    ] = 60,
    arrival: Annotated[
        Arrival,
        typer.Option(
            help="Shape of the arrivals. spike: half of them in the first tenth of the window; poisson: evenly, at "
            "random; ramp: more and more."
        ),
    ] = Arrival.SPIKE,
    quantity: Annotated[
        str | None, typer.Option(metavar="RANGE", help="Admissions of an area for each buyer: 2, or 1-4.")
    ] = None,
    best_available: Annotated[
        str | None,
        typer.Option(metavar="RANGE", help="Seats together for each buyer, chosen by the server."),
    ] = None,
    seats: Annotated[
        str | None, typer.Option(metavar="RANGE", help="Neighbouring seats that each buyer chooses by label.")
    ] = None,
    area: Annotated[str | None, typer.Option(help="With --quantity: the area.")] = None,
    category: Annotated[
        str | None, typer.Option(help="With --best-available or --seats: the category.")
    ] = None,
    ttl_seconds: Annotated[
        int | None, typer.Option(min=1, max=86_400, help="Lifetime of the holds. Default: the event's.")
    ] = None,
    abandon: Annotated[
        float, typer.Option(min=0, max=1, help="Share of holds that their buyers let lapse.")
    ] = 0.2,
    release: Annotated[
        float, typer.Option(min=0, max=1, help="Share of holds that their buyers release.")
    ] = 0.05,
    pay_seconds: Annotated[
        str, typer.Option(metavar="RANGE", help="Seconds from the hold to its payment or release.")
    ] = "5-30",
    come_back: Annotated[
        int, typer.Option(min=0, max=1000, help="Retries after finding the event sold out.")
    ] = 3,
    come_back_seconds: Annotated[
        str, typer.Option(metavar="RANGE", help="Seconds before each of these retries.")
    ] = "2-8",
    patience_seconds: Annotated[
        float,
        typer.Option(min=0, max=3600, help="Seconds for which a buyer repeats a request without an answer."),
    ] = 30,
    api_key: Annotated[
        str | None,
        typer.Option(help="API key. HOLDFAST_API_KEY is safer: other users of the machine see options."),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Processes that simulate buyers. Default: one for each CPU, or one for every two CPUs if the server "
            "is on this machine.",
        ),
    ] = None,
    connections: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1_000_000,
            help="Max connections. Default: as many as this machine's limits allow.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Repeats a crowd with the same arrivals and intentions."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder for report.html and report.json. Default: ./rush-EVENT-TIME."
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send a crowd of buyers to a server's event, and check that their answers add up.

    Arrivals do not depend on how fast the answers are. Buyers look, hold, pay or leave, and come back if the event is
    sold out. They repeat a request without an answer with the same Idempotency-Key. A rush makes real sales. It asks
    first, unless `holdfast event create --rehearsal` made the event. Exits with 1 if something does not add up. Ctrl-C
    ends it early with a report.
    """
    from holdfast.app.settings import load_settings
    from holdfast.cli._address import server_url

    wish, admissions = _wish(quantity, best_available, seats)
    if area is not None and wish is not Wish.QUANTITY:
        raise fail("--area goes with --quantity; seats are chosen by --category.", code=2)
    if category is not None and wish is not Wish.BEST_AVAILABLE and wish is not Wish.SEATS:
        raise fail("--category goes with --best-available or --seats; areas are chosen by --area.", code=2)
    if abandon + release > 1:
        raise fail("--abandon and --release add up to more than 1.", code=2)
    chosen = url or os.environ.get("HOLDFAST_URL")
    address = server_url(load_settings(), chosen)
    if not address.startswith(("http://", "https://")):
        raise fail(f"{address[:200]} is not a server's URL: a URL starts with http:// or https://.", code=2)
    if "@" in urlsplit(address).netloc:
        raise fail(
            "The report would show the password in the URL. Set an API key in HOLDFAST_API_KEY instead.",
            code=2,
        )
    plan = Plan(
        url=address,
        event=event,
        run=secrets.token_urlsafe(18),
        api_key=api_key or os.environ.get("HOLDFAST_API_KEY") or None,
        buyers=buyers,
        over_seconds=over,
        arrival=arrival,
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        wish=wish,
        admissions=admissions,
        area=area,
        category=category,
        ttl_seconds=ttl_seconds,
        abandon=abandon,
        release=release,
        pay_seconds=_range("--pay-seconds", pay_seconds),
        come_back=come_back,
        come_back_seconds=_range("--come-back-seconds", come_back_seconds),
        patience_seconds=patience_seconds,
    )
    folder = _folder(out, event)
    result = _run(
        plan, processes=processes, connections=connections, as_json=as_json, consent=partial(_ask, yes=yes)
    )
    _print_result(result, folder, as_json=as_json)
    if not result.verdict.adds_up:
        raise typer.Exit(1)
    if result.progress.is_interrupted:
        raise typer.Exit(130)


def _ask(survey: Survey, *, yes: bool) -> None:
    """Ask before real admissions are sold. Raises typer.Exit without an agreement."""
    event, counts = survey.event, survey.before
    if not event.rehearsal:
        ask(
            f"Event {event.number}, {event.name}, is no rehearsal: a rush would sell its "
            f"{counts.available:,} available admissions. Sell them?",
            yes=yes,
        )


def _run(
    plan: Plan,
    *,
    processes: int | None,
    connections: int | None,
    as_json: bool,
    consent: Callable[[Survey], None],
) -> Result:
    from holdfast.rush.rush import run_rush
    from holdfast.rush.terminal import view_for

    try:
        return asyncio.run(
            run_rush(
                plan,
                view_for(as_json=as_json),
                processes=processes,
                connections=connections,
                consent=consent,
            )
        )
    except CannotRush as error:
        raise fail(str(error)) from None
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _print_result(result: Result, folder: Path, *, as_json: bool) -> None:
    """Print the result before writing the files, so that a full disk cannot hide it."""
    from holdfast.rush.report import report_of
    from holdfast.rush.summary import print_summary

    report = report_of(result)
    page, members = folder / "report.html", folder / "report.json"
    if as_json:
        print_json({**report, "files": [str(page), str(members)]})
    else:
        print_summary(report)
    try:
        _write(report, page, members)
    except OSError as error:
        raise fail(
            f"The report could not be written: {error.filename or folder}: {error.strerror}."
        ) from None
    if not as_json:
        typer.echo(f"\nReport: {page}, {members}")


def _write(report: dict[str, Any], page: Path, members: Path) -> None:
    import json

    from holdfast.rush.page import page_of

    page.parent.mkdir(parents=True, exist_ok=True)
    members.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page.write_text(page_of(report), encoding="utf-8")


def _wish(quantity: str | None, best_available: str | None, seats: str | None) -> tuple[Wish, Range]:
    """Return the one given wish. The default is two admissions for each buyer."""
    named = [
        (wish, option, text)
        for wish, option, text in (
            (Wish.QUANTITY, "--quantity", quantity),
            (Wish.BEST_AVAILABLE, "--best-available", best_available),
            (Wish.SEATS, "--seats", seats),
        )
        if text is not None
    ]
    if len(named) > 1:
        raise fail(f"{' and '.join(option for _, option, _ in named)} exclude each other.", code=2)
    if not named:
        return Wish.QUANTITY, Range(2, 2)
    wish, option, text = named[0]
    found = _range(option, text)
    whole = found.least == int(found.least) and found.most == int(found.most)
    if not whole or not 1 <= found.least <= found.most <= _MAX_AT_ONCE:
        raise fail(f"{option} is a number or a range from 1 to {_MAX_AT_ONCE}, for example 2 or 1-4.", code=2)
    return wish, found


def _range(option: str, text: str) -> Range:
    try:
        return Range.parse(text)
    except ValueError:
        raise fail(
            f"{option} is a number or a range, for example 5 or 5-30; {text[:80]} is not.", code=2
        ) from None


def _folder(out: Path | None, event: str) -> Path:
    """Return the report's folder. Refuses one that cannot be written, before anything is sold."""
    name = "".join(each for each in event if each.isalnum() or each == "-")
    folder = out or Path(f"rush-{name[:40]}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    if any((folder / f"report.{kind}").exists() for kind in ("html", "json")):
        raise fail(f"{folder} already has a report: choose another folder with --out.")
    above = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise fail(f"The report cannot be written: cannot write to {above}.")
    return folder
