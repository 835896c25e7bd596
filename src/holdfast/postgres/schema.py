"""Schema: migrate a database, and check whether this server may use it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from holdfast.postgres import citus, distribution, preconditions
from holdfast.postgres.connections import connect_once

GENERATION = 25
"""The schema generation of this server."""


class SchemaError(Exception):
    """Its text is one line: what is wrong with the database, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """`generation` is None if the database was never migrated."""

    generation: int | None
    oldest_server: int | None
    expected: int = GENERATION

    @property
    def is_usable(self) -> bool:
        if self.generation is None or self.oldest_server is None:
            return False
        return self.generation >= self.expected and self.oldest_server <= self.expected


def upgrade(url: str, *, revision: str = "head") -> None:
    """Migrate to the newest schema, or to another revision. Changes nothing in a database that has it.

    Raises SchemaError for a database that Holdfast must not use.
    """
    from alembic import command
    from alembic.config import Config

    _check_preconditions(url)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, revision)
    with distribution.connect(url) as session:
        if citus.is_distributed(session):
            distribution.distribute(session)  # what a migration has added


def status(url: str) -> SchemaStatus:
    """Return the database's schema. Raises psycopg.OperationalError if the database does not answer."""
    with connect_once(url) as connection:
        found = connection.execute("SELECT to_regclass('schema_generation') IS NOT NULL").fetchone()
        if found != (True,):
            return SchemaStatus(generation=None, oldest_server=None)
        row = connection.execute("SELECT generation, oldest_server FROM schema_generation").fetchone()
    if row is None:
        return SchemaStatus(generation=None, oldest_server=None)
    generation, oldest_server = row
    return SchemaStatus(generation=generation, oldest_server=oldest_server)


def verify(url: str, *, connections: int = 0) -> None:
    """Raise SchemaError if a server with this number of connections must not use this database."""
    _check_preconditions(url, connections=connections)
    problem = find_problem(url)
    if problem is not None:
        raise SchemaError(problem)


def find_problem(url: str) -> str | None:
    """Return why this server cannot use the database's schema, or None."""
    found = status(url)
    if found.generation is None:
        return "The database is not migrated: run `holdfast db upgrade`."
    if found.generation < GENERATION:
        return f"The database has schema {found.generation}; this server needs {GENERATION}: run `holdfast db upgrade`."
    if found.oldest_server is not None and found.oldest_server > GENERATION:
        return (
            f"The database has schema {found.generation}, which serves servers from {found.oldest_server} on; "
            f"this one is {GENERATION}: update Holdfast."
        )
    with preconditions.connect(url) as session:
        left = citus.undistributed(session)
    if left:
        return f"Citus has distributed other tables of events and not {', '.join(left)}: run `holdfast db upgrade`."
    return None


def _check_preconditions(url: str, *, connections: int = 0) -> None:
    problem = preconditions.find_problem(url, connections=connections)
    if problem is not None:
        raise SchemaError(problem)
