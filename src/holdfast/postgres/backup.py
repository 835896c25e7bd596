"""Backups: the complete database in one file. PostgreSQL's programs write it in their custom format."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from holdfast.postgres import citus, distribution, preconditions, queries, schema
from holdfast.postgres.connections import connect_once

SQL = queries.load("backup")

_GENERATION = re.compile(
    r"^COPY (?:.*\.)?schema_generation \(([^)]*)\) FROM stdin;\n([^\n]*)\n", re.MULTILINE
)
_REFUSE_OTHERS = """
DO $$ DECLARE
    place text;
    needed integer;
BEGIN
    SELECT relnamespace::regnamespace::text INTO place FROM pg_class WHERE relname = 'schema_generation';
    IF place IS NULL THEN
        RAISE EXCEPTION 'it is not a backup of Holdfast';
    END IF;
    IF place <> {schema} THEN
        RAISE EXCEPTION 'the backup has its tables in schema %, and the search_path begins with %: begin it with %',
            place, {schema}, place;
    END IF;
    EXECUTE 'SELECT oldest_server FROM ' || place || '.schema_generation' INTO needed;
    IF needed > {generation} THEN
        RAISE EXCEPTION 'the backup has a schema that this version cannot serve: update Holdfast first';
    END IF;
END $$;
"""
"""The last step of a restore. An error in it undoes the whole transaction."""
_LEFT_OUT = (
    b"SET transaction_timeout",
    b"CREATE EXTENSION ",
    b"COMMENT ON EXTENSION ",
    b"COMMENT ON SCHEMA ",
)
_CREATE_SCHEMA = re.compile(rb"CREATE SCHEMA (.+);\n")
_CREATE_MISSING = (
    b"DO $do$ BEGIN IF to_regnamespace($name$%b$name$) IS NULL THEN CREATE SCHEMA %b; END IF; END $do$;\n"
)
"""A role without the right to create schemas may still have one."""
_OF_ADMINISTRATORS = (
    *("--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-security-labels"),
    *("--no-tablespaces", "--no-table-access-method"),
)
"""What belongs to one database and its administrator. Another one lacks it, and the same one has it already."""
_WAITING_NODES = (
    "SET LOCAL citus.propagate_set_commands = 'local';",
    "SET LOCAL idle_in_transaction_session_timeout = 0;",
)
"""A node drops its tables first, and then waits for the coordinator to write all rows."""
_LINES_OF_SETTINGS = 60
"""Max lines of the script's head, before any data."""


class BackupError(Exception):
    """Its text is one line: why the backup or its restore failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a database contains. The statements in `drops` would empty it; an empty database has none."""

    schema: str
    """Where the tables are, or will be."""
    drops: tuple[str, ...]
    has_sales: bool
    is_cluster: bool
    """Whether the database is a coordinator of Citus."""
    shards: int
    """Into how many shards Citus has divided the events; 0 if they are on one node."""
    servers: int
    """Number of Holdfast's other connections to the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    version: str
    size_bytes: int


def read_facts(url: str) -> ServerFacts:
    """Return the server's version and the database's size. Raises psycopg.OperationalError without a connection."""
    with connect_once(url) as connection:
        row = connection.execute(SQL["server_facts"]).fetchone()
    assert row is not None
    version, size_bytes = row
    return ServerFacts(version=version, size_bytes=size_bytes)


def read_contents(url: str) -> Contents:
    """Return what the database contains. `has_sales` means events, keys, users, or tables of other programs.

    Raises psycopg.OperationalError without a connection.
    """
    with connect_once(url) as connection:
        relations = connection.execute(SQL["list_relations"]).fetchall()
        servers = connection.execute(SQL["count_servers"]).fetchone()
        schema_name = connection.execute(SQL["load_schema"]).fetchone()
        tables = [name for is_sequence, _, name in relations if not is_sequence]
        names = {plain for is_sequence, plain, _ in relations if not is_sequence}
        is_ours = {"events", "api_keys"} <= names and not names.isdisjoint({"users", "accounts"})
        has_sales = bool(tables) and not is_ours
        if tables and not has_sales:
            found = [connection.execute(SQL[query]).fetchone() for query in ("has_events", "has_keys")]
            has_sales = (True,) in found
    with preconditions.connect(url) as session:
        is_cluster = citus.is_coordinator(session)
        shards = distribution.count_shards(session)
    sequences = [name for is_sequence, _, name in relations if is_sequence]
    drops = [*_WAITING_NODES] if shards else []
    if tables:
        drops.append(f"DROP TABLE {', '.join(tables)} CASCADE;")
    drops += [f"DROP SEQUENCE IF EXISTS {name} CASCADE;" for name in sequences]
    return Contents(
        schema=(schema_name and schema_name[0]) or "public",
        drops=tuple(drops),
        has_sales=has_sales,
        is_cluster=is_cluster,
        shards=shards,
        servers=servers[0] if servers else 0,
    )


def dump(url: str, target: IO[bytes], *, bin_dir: Path | None) -> None:
    """Write a backup, consistent as of one moment, while sales go on. Raises BackupError."""
    command = [
        _program("pg_dump", bin_dir),
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        *(["--exclude-extension=*"] if _knows_extensions(bin_dir) else []),
        *_database(url),
    ]
    done = subprocess.run(command, stdout=target, stderr=subprocess.PIPE, env=_environment(url), check=False)
    if done.returncode != 0:
        raise BackupError(_complaint(done.stderr, "pg_dump failed"))


def restore(
    url: str,
    archive: Path | IO[bytes],
    *,
    bin_dir: Path | None,
    drops: tuple[str, ...] = (),
    schema_name: str = "public",
) -> None:
    """Run `drops` and restore the backup in one transaction, all or nothing. Raises BackupError.

    A stream is read once. So only the transaction's last step can refuse one of another program, one with its tables
    elsewhere than in `schema_name`, and one whose schema this version cannot serve.
    """
    reading = [_program("pg_restore", bin_dir), *_OF_ADMINISTRATORS, "--file=-"]
    is_file = isinstance(archive, Path)
    reading += [str(archive)] if is_file else []
    name = archive if is_file else "The stream"
    writing = [
        _program("psql", bin_dir),
        *(
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
            "--file=-",
        ),
        *_database(url),
    ]
    with (
        subprocess.Popen(
            reading,
            stdin=subprocess.DEVNULL if isinstance(archive, Path) else archive,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as reader,
        subprocess.Popen(
            writing, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(url)
        ) as writer,
    ):
        assert reader.stdout is not None and reader.stderr is not None  # noqa: PT018 - one assertion for the types
        assert writer.stdin is not None and writer.stderr is not None  # noqa: PT018 - one assertion for the types
        try:
            writer.stdin.write("\n".join([*drops, ""]).encode())
            _copy_script(reader.stdout, writer.stdin)
            if reader.wait() != 0:
                writer.kill()  # otherwise it would commit an incomplete backup
                _close(writer.stdin)
                raise BackupError(_complaint(reader.stderr.read(), f"{name} cannot be read"))
            refusing = _REFUSE_OTHERS.format(generation=schema.GENERATION, schema=_quoted(schema_name))
            writer.stdin.write(refusing.encode())
            writer.stdin.write(b"\nANALYZE;\n")
            writer.stdin.close()
        except BrokenPipeError:
            reader.kill()
            _close(writer.stdin)
        if writer.wait() != 0:
            raise BackupError(_complaint(writer.stderr.read(), "psql failed"))
    if not isinstance(archive, Path):
        _read_to_the_end(archive)


def distribute_again(url: str, *, shards: int) -> None:
    """Put restored events back on the nodes of a cluster. Raises BackupError: the backup is restored by then."""
    try:
        with distribution.connect(url) as session:
            distribution.distribute(session, shards=shards)
    except (distribution.ClusterError, psycopg.Error) as error:
        why = str(error).partition("\n")[0].rstrip(".")
        raise BackupError(
            f"The backup is restored, and its events are on the coordinator alone: {why}. "
            "Run `holdfast db distribute`."
        ) from error


def _quoted(text: str) -> str:
    """Return a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _read_to_the_end(stream: IO[bytes]) -> None:
    """Take what pg_restore has left. Otherwise the program that writes the stream fails after a complete restore."""
    while stream.read(1 << 20):
        pass


def _close(pipe: IO[bytes]) -> None:
    """Close the pipe of a program that has ended. Bytes that still wait for it are no error."""
    with suppress(BrokenPipeError):
        pipe.close()


def _copy_script(script: IO[bytes], target: IO[bytes]) -> None:
    """Copy the script without a setting that servers before 17 do not know, and without extensions.

    Holdfast needs none. Making one takes rights that its role lacks, or, as for Citus, another server.
    """
    for _ in range(_LINES_OF_SETTINGS):
        line = script.readline()
        created = _CREATE_SCHEMA.fullmatch(line)
        if created is not None:
            target.write(_CREATE_MISSING % (created[1], created[1]))
        elif not line.startswith(_LEFT_OUT):
            target.write(line)
    shutil.copyfileobj(script, target, 1 << 20)


def read_generation(archive: Path, *, bin_dir: Path | None) -> tuple[int, int]:
    """Return the generation of the backup's schema, and the oldest server that it serves.

    Raises BackupError if the file is not a backup.
    """
    table = ("--data-only", "--table=schema_generation", "--file=-")
    script = subprocess.run(
        [_program("pg_restore", bin_dir), *table, str(archive)], capture_output=True, check=False
    ).stdout.decode(errors="replace")
    found = _GENERATION.search(script)
    if found is None:
        raise BackupError(f"{archive} is not a backup of Holdfast.")
    values = dict(zip(found[1].split(", "), found[2].split("\t"), strict=False))
    return int(values["generation"]), int(values["oldest_server"])


def _knows_extensions(bin_dir: Path | None) -> bool:
    """Return whether pg_dump can leave extensions out, which it can from 17 on. A restore leaves them out anyway."""
    said = subprocess.run(
        [_program("pg_dump", bin_dir), "--version"], capture_output=True, check=False
    ).stdout
    found = re.search(rb"(\d+)", said)
    return found is not None and int(found[1]) >= 17


def _program(name: str, bin_dir: Path | None) -> str:
    """Return the program's path: the embedded PostgreSQL's, otherwise the system's. Raises BackupError."""
    if bin_dir is not None and (bin_dir / name).exists():
        return str(bin_dir / name)
    found = shutil.which(name)
    if found is None:
        raise BackupError(f"{name} is not installed: install PostgreSQL's client programs.")
    return found


def _database(url: str) -> list[str]:
    """Return the connection as an argument without its password: other users of the machine see arguments."""
    parameters = conninfo_to_dict(url)
    parameters.pop("password", None)
    return [f"--dbname={make_conninfo('', **parameters)}"]


def _environment(url: str) -> dict[str, str]:
    password = conninfo_to_dict(url).get("password")
    kept = {name: value for name, value in os.environ.items() if name not in _OTHER_CONNECTIONS}
    return {**kept, "LC_ALL": "C", **({"PGPASSWORD": str(password)} if password else {})}


_OTHER_CONNECTIONS = frozenset(
    option.envvar.decode()
    for option in pq.Conninfo.get_defaults()
    if option.envvar and option.keyword in (b"host", b"hostaddr", b"port", b"dbname", b"user", b"options")
)
"""Settings of the caller's shell that would choose another database."""


def _complaint(output: bytes, default: str) -> str:
    """Return the first error in a program's output, else its last line, else the default."""
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    reasons = [line for line in lines if "error:" in line.lower()] or lines[-1:]
    return reasons[0] if reasons else default
