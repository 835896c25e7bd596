"""`holdfast db`: migrate, look at, back up and restore the database."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from holdfast.cli.output import AsJson, fail, print_record

__all__ = ["app"]

app = typer.Typer(
    help="Migrate, look at, back up and restore the database: the embedded one, or that of HOLDFAST_DATABASE_URL.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Migrate the database to this version's schema; nothing happens where it is there already."""
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
    """Say which schema the database has and whether this version can use it; exits with 1 if it cannot."""
    from holdfast.app.settings import load_settings
    from holdfast.cli._database import using_database
    from holdfast.postgres import backup, schema

    with using_database(migrated=False) as url:
        is_embedded = load_settings().database_url is None
        found = schema.status(url)
        facts = backup.read_facts(url)
        problem = _problem(url)
    record = {
        "database": "embedded" if is_embedded else "HOLDFAST_DATABASE_URL",
        "postgresql": facts.version,
        "size_bytes": facts.size_bytes,
        "schema": found.generation,
        "schema_expected": found.expected,
        "is_usable": problem is None,
        "problem": problem,
    }
    print_record(record, as_json=as_json)
    if problem is not None:
        raise typer.Exit(1)


@app.command("backup")
def back_up(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Where to write it; only you may read it. `-` is standard output."
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole database, as of one moment, into one file (PostgreSQL's custom format). Sales go on meanwhile.

    The server's secret key is not in it: keep a copy of `secret_key` in the data directory (or of HOLDFAST_SECRET_KEY),
    or hold tokens given out before become invalid.
    """
    from holdfast.cli._database import using_database
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import backup
    from holdfast.process.folders import flush_folder

    is_output = str(file) == "-"
    target = Path(os.path.realpath(file))  # a link stays, and what it leads to is written
    is_special = target.exists() and not target.is_file()
    if target.is_dir():
        raise fail(f"{file} is a folder.")
    if not is_output and not is_special and target.exists() and not force:
        raise fail(f"{file} exists already; --force replaces it.")
    with using_database() as url, progress_bar(quiet=as_json or is_output) as bar:
        bar.say("backing up")
        if is_output:
            backup.dump(url, sys.stdout.buffer, bin_dir=_bin_dir())
            return
        if is_special:  # a FIFO or a device: nothing can be renamed into its place
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
            scratch.rename(target)  # whole or absent
            flush_folder(target.parent)
        finally:
            scratch.unlink(missing_ok=True)
    print_record({"file": str(file), "size_bytes": target.stat().st_size}, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup that `holdfast db backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what the database has, for good.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup into the database. All of it in one transaction, or nothing.

    Stop the server first. A database that has events, keys or users in it is replaced with --force only.
    """
    from holdfast.cli._database import using_database
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import backup, schema

    if not file.is_file():
        raise fail(f"There is no file {file}.")
    with using_database(migrated=False, creates=True) as url, progress_bar(quiet=as_json) as bar:
        _refuse_newer(file)
        found = backup.read_contents(url)
        if found.servers:
            raise fail("A server works with this database: stop it first.")
        if found.has_sales and not force:
            raise fail("The database is not empty; --force replaces all that is in it.")
        bar.say("restoring")
        backup.restore(url, file, bin_dir=_bin_dir(), drops=found.drops)
        generation = schema.status(url).generation
    record: dict[str, Any] = {"file": str(file), "schema": generation, "schema_expected": schema.GENERATION}
    print_record(record, as_json=as_json)


def _refuse_newer(file: Path) -> None:
    """Before anything is dropped: a backup that this version could not serve."""
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


def _opened(target: Path) -> IO[bytes]:
    try:
        return target.open("wb")
    except OSError as error:
        raise fail(f"{target} cannot be written: {error.strerror}.") from None


def _scratch(file: Path) -> tuple[int, Path]:
    """A file beside it that only its owner may read."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.absolute().parent)
    except OSError as error:
        raise fail(f"{file} cannot be written: {error.strerror}.") from None
    return descriptor, Path(name)


def _bin_dir() -> Path | None:
    """PostgreSQL's programs: the embedded one's, which know every older server too."""
    from holdfast.process.errors import CannotStart
    from holdfast.process.postgres_server import embedded_bin_dir

    try:
        return embedded_bin_dir()
    except CannotStart:
        return None
