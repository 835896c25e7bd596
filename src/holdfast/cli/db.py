"""`holdfast db`: migrate, inspect, back up and restore the database."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from holdfast.cli._consent import Yes, ask, is_asked
from holdfast.cli.output import AsJson, Column, fail, print_json, print_record, print_table

__all__ = ["app"]

FIX_CLOCK = "Holds of these events do not expire: correct the clock, then run `holdfast db fix-clock`."

app = typer.Typer(
    help="Migrate, inspect, back up and restore the database: the embedded one, or that of HOLDFAST_DATABASE_URL.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Migrate the database to this version's schema. Changes nothing in a database that has it."""
    from holdfast.cli._database import using_database
    from holdfast.postgres import schema

    with using_database(migrated=False, creates=True) as url:
        before = schema.status(url).generation
        schema.upgrade(url)
        schema.verify(url)
        now = schema.status(url).generation
    print_record({"schema_before": before, "schema": now}, as_json=as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the database's version, schema and clock, and whether this version can use it. Exits with 1 if it cannot."""
    from holdfast.app.settings import load_settings
    from holdfast.cli._database import use_engine_at, using_database
    from holdfast.postgres import backup, schema
    from holdfast.postgres.minors import advice_for

    with using_database(migrated=False) as url:
        is_embedded = load_settings().database_url is None
        found = schema.status(url)
        facts = backup.read_facts(url)
        problem = _problem(url)
        ahead = None if problem else use_engine_at(url, lambda each: each.operations.observe_clock())
    record = {
        "database": "embedded" if is_embedded else "HOLDFAST_DATABASE_URL",
        "postgresql": facts.version,
        "postgresql_advice": advice_for(facts.version),
        "size_bytes": facts.size_bytes,
        "schema": found.generation,
        "schema_expected": found.expected,
        "events_ahead_of_clock": None if ahead is None else len(ahead),
        "clock_ahead_seconds": None if ahead is None else round(ahead[0].seconds) if ahead else 0,
        "clock_advice": FIX_CLOCK if ahead else None,
        "is_usable": problem is None,
        "problem": problem,
    }
    print_record(record, as_json=as_json)
    if problem is not None:
        raise typer.Exit(1)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check everything that can be wrong with the database. Exits with 1 if a server would not start.

    Each line says what to do. A problem stops a start of the server. A warning is for you to decide: an old minor
    release, no standby, clocks that differ, prepared transactions left behind, and on Citus what is wrong with nodes.
    """
    from holdfast.app.settings import load_settings
    from holdfast.cli._database import using_database
    from holdfast.postgres.doctor import examine

    with using_database(migrated=False) as url:
        settings = load_settings()
        found = examine(url, connections=settings.workers * settings.pool_size)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        for each in found:
            typer.echo(f"{each.verdict:<8} {each.check:<12} {each.text}".rstrip())
    if any(each.verdict == "problem" for each in found):
        raise typer.Exit(1)


@app.command("backup")
def back_up(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="File to write; only you may read it. `-` is standard output."),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the complete database, as of one time, into one file (PostgreSQL's custom format). Sales go on meanwhile.

    The backup does not contain the server's secret key. Keep a copy of `secret_key` in the data directory (or of
    HOLDFAST_SECRET_KEY): without it, existing hold tokens become invalid.
    """
    from holdfast.cli._database import using_database
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import backup
    from holdfast.process.folders import flush_folder

    is_output = str(file) == "-"
    target = Path(os.path.realpath(file))  # keep a link, and write its target
    is_special = target.exists() and not target.is_file()
    if target.is_dir():
        raise fail(f"{file} is a folder.")
    if not is_output and not is_special and target.exists() and not force:
        raise fail(f"{file} already exists; --force replaces it.")
    with using_database() as url, progress_bar(quiet=as_json or is_output) as bar:
        bar.say("backing up")
        if is_output:
            if sys.stdout.isatty():
                raise fail("A backup is no text for a terminal: redirect the output, or name a file.")
            backup.dump(url, sys.stdout.buffer, bin_dir=_bin_dir())
            return
        if is_special:  # a rename would replace a FIFO or a device
            with _opened(target) as stream:
                backup.dump(url, stream, bin_dir=_bin_dir())
            print_record({"file": str(file), "size_bytes": None}, as_json=as_json)
            return
        descriptor, scratch = _scratch(target)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                backup.dump(url, stream, bin_dir=_bin_dir())
                stream.flush()
                os.fsync(stream.fileno())
            scratch.rename(target)  # complete or absent
            flush_folder(target.parent)
        finally:
            scratch.unlink(missing_ok=True)
    print_record({"file": str(file), "size_bytes": target.stat().st_size}, as_json=as_json)


@app.command()
def restore(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A backup that `holdfast db backup` wrote. `-` is standard input, as a stream.",
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the database's data permanently.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into the database, in one transaction: all of it or nothing.

    Stop the server first. --force is required to replace a database with events, keys or users. In a terminal it asks
    before that. A server that was closed stays closed. API keys that work again are listed: some may have been revoked
    since the backup.
    """
    from holdfast.access.keys import KnownKeys, keep_closed, read_keys
    from holdfast.cli._database import using_database
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import backup, schema

    if str(file) != "-" and not file.exists():
        raise fail(f"There is no file {file}.")
    if file.is_dir():
        raise fail(f"{file} is a folder.")
    with using_database(migrated=False, creates=True) as url:
        if file.is_file():  # a stream can be read only once; its restore checks this at its end
            _refuse_newer(file)
        found = backup.read_contents(url)
        if found.servers:
            raise fail("A server uses this database: stop it first.")
        if found.is_distributed:
            raise fail(
                "Citus has distributed this database, and a restore would leave its tables on one node: restore into "
                "an empty database, and distribute that."
            )
        if found.has_sales and not force:
            raise fail("The database is not empty; --force replaces all its data.")
        if found.has_sales and is_asked():
            ask(f"{file} replaces all events, sales and keys of the database for good. Restore it?", yes=yes)
        before = KnownKeys() if schema.status(url).generation is None else read_keys(url)
        with progress_bar(quiet=as_json) as bar, _source(file) as source:
            bar.say("restoring")
            backup.restore(url, source, bin_dir=_bin_dir(), drops=found.drops)
        if before.is_closed:
            keep_closed(url)
        returned = sorted(read_keys(url).valid - before.valid)
        generation = schema.status(url).generation
    record: dict[str, Any] = {
        "file": str(file),
        "schema": generation,
        "schema_expected": schema.GENERATION,
        "keys_returned": returned if as_json else ", ".join(returned) or None,
    }
    print_record(record, as_json=as_json)
    if returned and not as_json:
        typer.echo("These keys work now and did not before: `holdfast keys revoke` ends one.", err=True)


@app.command("new-epoch")
def new_epoch(as_json: AsJson = False) -> None:
    """Make all clients read everything again. Run it after the database lost its last sales.

    `db restore` and a restore by pg_restore do this by themselves. A copy of the data folder, a recovery to a point in
    time, and the promotion of an asynchronous standby look like the database itself, so that they need this command.
    Running servers notice it within a second.
    """
    print_record({"epoch": _renew_epoch()}, as_json=as_json)


def _renew_epoch() -> str:
    from holdfast.cli._database import using_database
    from holdfast.postgres.connections import connect_once
    from holdfast.postgres.epoch import renew_epoch

    with using_database() as url:
        with connect_once(url) as connection:
            renew_epoch(connection)
        return asyncio.run(_read_epoch(url))


@app.command("fix-clock")
def fix_clock(as_json: AsJson = False) -> None:
    """Set back events whose own time is ahead, because the database's clock once was. Correct the clock first.

    Until then their holds do not expire. Holds that were placed to last for more than a day are released. An event
    cannot go back before the end of a hold that has expired: then it stays ahead for as long as a hold lives. All
    clients read everything again.
    """
    from holdfast.cli._database import BY, use_engine
    from holdfast.errors import HoldfastError
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.rules.commands import STAFF, ReleaseHold

    async def fix(inventory: Inventory) -> list[dict[str, Any]]:
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

    fixed = use_engine(fix)
    if fixed:
        _renew_epoch()
    columns = [Column(name=name) for name in ("event", "seconds", "seconds_left", "holds_released")]
    print_table(fixed, columns=columns, none="No event is ahead of the clock.", as_json=as_json)


async def _read_epoch(url: str) -> str:
    from holdfast.postgres.connections import Connections

    connections = Connections(url, size=1, application="holdfast-cli")
    await connections.open()
    try:
        await connections.check_epoch()
        return connections.epoch
    finally:
        await connections.close()


def _refuse_newer(file: Path) -> None:
    """Refuse a backup that this version cannot serve, before anything is dropped."""
    from holdfast.postgres import backup, schema

    generation, oldest_server = backup.read_generation(file, bin_dir=_bin_dir())
    if oldest_server > schema.GENERATION:
        raise fail(
            f"{file} has schema {generation}, which serves servers from {oldest_server} on; "
            f"this one is {schema.GENERATION}: update Holdfast first."
        )


def _problem(url: str) -> str | None:
    from holdfast.postgres import schema

    try:
        schema.verify(url)
    except schema.SchemaError as error:
        return str(error)
    return None


@contextmanager
def _source(file: Path) -> Iterator[Path | IO[bytes]]:
    """Yield the backup: a file by its path, or a stream, because `pg_restore` opens a path twice."""
    if str(file) == "-":
        yield sys.stdin.buffer
    elif file.is_file():
        yield file
    else:
        with file.open("rb") as stream:
            yield stream


def _opened(target: Path) -> IO[bytes]:
    try:
        return target.open("wb")
    except OSError as error:
        raise fail(f"{target} cannot be written: {error.strerror}.") from None


def _scratch(file: Path) -> tuple[int, Path]:
    """Return a new file beside the target that only its owner may read."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.absolute().parent)
    except OSError as error:
        raise fail(f"{file} cannot be written: {error.strerror}.") from None
    return descriptor, Path(name)


def _bin_dir() -> Path | None:
    """Return the embedded PostgreSQL's programs, which also support every older server."""
    from holdfast.app.settings import load_settings
    from holdfast.process.errors import CannotStart
    from holdfast.process.postgres_binaries import embedded_bin_dir

    try:
        return load_settings().postgres_bin or embedded_bin_dir()
    except CannotStart:
        return None
