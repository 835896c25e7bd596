"""`holdfast db`: migrate, inspect, back up and restore the database."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from holdfast.cli import _clock, _cluster
from holdfast.cli._consent import Yes, ask, is_asked
from holdfast.cli.output import AsJson, fail, print_json, print_record

__all__ = ["app"]

app = typer.Typer(
    help="Migrate, inspect, back up and restore the database: the embedded one, or that of HOLDFAST_DATABASE_URL.",
    no_args_is_help=True,
    add_completion=False,
)
app.add_typer(_clock.app)
app.add_typer(_cluster.app)


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
        cluster = _cluster.describe(url, as_json=as_json)
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
        "clock_advice": _clock.ADVICE if ahead else None,
        **cluster,
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


@app.command()
def grant(
    role: Annotated[
        str, typer.Argument(metavar="ROLE", help="The server's role, which does not own the tables.")
    ],
    as_json: AsJson = False,
) -> None:
    """Give a role what a server needs, and no right to change the journal, the audit or the log of a door.

    Run it as the owner of the tables, and again after each `holdfast db upgrade`. Then start the server as the role.
    """
    from holdfast.cli._database import using_database
    from holdfast.postgres import grants

    with using_database(migrated=False) as url:
        problem = _problem(url)
        if problem is not None:
            raise fail(problem)
        try:
            granted = grants.grant(url, role)
        except grants.GrantRefused as error:
            raise fail(str(error)) from None
    append_only: Any = granted.append_only if as_json else ", ".join(granted.append_only)
    print_record({**asdict(granted), "append_only": append_only}, as_json=as_json)


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
        raise fail(f"{file} is a folder: name a file.")
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
    before that. A server that was closed stays closed. API keys that work again, and members who are staff again, are
    listed: some may have been ended since the backup. Everybody signs in again, with the password of the backup. In a
    database that Citus has distributed, a second transaction distributes the restored events.
    """
    from holdfast.access.restored import Admitted, end_sign_ins, keep_closed, read_admitted
    from holdfast.access.server_key import forget_key
    from holdfast.cli._database import using_database
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import backup, schema

    if str(file) != "-" and not file.exists():
        raise fail(f"There is no file {file}: check its name.")
    if file.is_dir():
        raise fail(f"{file} is a folder: name a file.")
    with using_database(migrated=False, creates=True) as url:
        if file.is_file():  # a stream can be read only once; its restore checks this at its end
            _refuse_newer(file)
        found = backup.read_contents(url)
        if found.servers:
            raise fail("A server uses this database: stop it first.")
        if found.has_sales and not force:
            raise fail("The database is not empty; --force replaces all its data.")
        if found.has_sales and is_asked():
            ask(f"{file} replaces all events, sales and keys of the database for good. Restore it?", yes=yes)
        before = Admitted() if schema.status(url).generation is None else read_admitted(url)
        with progress_bar(quiet=as_json) as bar, _source(file) as source:
            bar.say("restoring")
            backup.restore(url, source, bin_dir=_bin_dir(), drops=found.drops, schema_name=found.schema)
        if before.is_closed:
            keep_closed(url)
        end_sign_ins(url)
        forget_key(url)
        if found.shards:
            with progress_bar(quiet=as_json) as bar:
                bar.say("distributing")
                backup.distribute_again(url, shards=found.shards)
        now = read_admitted(url)
        keys, members = sorted(now.keys - before.keys), sorted(now.members - before.members)
        generation = schema.status(url).generation
    record: dict[str, Any] = {
        "file": str(file),
        "schema": generation,
        "schema_expected": schema.GENERATION,
        "keys_returned": keys if as_json else ", ".join(keys) or None,
        "members_returned": members if as_json else ", ".join(members) or None,
        **({"shards": found.shards} if found.is_cluster else {}),
    }
    print_record(record, as_json=as_json)
    if found.is_cluster and not found.shards and not as_json:
        typer.echo(
            "The events are on the coordinator: `holdfast db distribute` puts them on the nodes.", err=True
        )
    if keys and not as_json:
        typer.echo("These keys work now and did not before: `holdfast keys revoke` ends one.", err=True)
    if members and not as_json:
        typer.echo(
            "These members are staff now and were not before: `holdfast staff remove` ends one.", err=True
        )


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
