"""Preconditions: what a database must be like before Holdfast uses it. Each problem is one line with what to do.

The list of all that a foreign database may differ in: docs/decisions/0020-what-a-database-may-differ-in.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from holdfast.postgres import citus, queries
from holdfast.postgres.connections import SESSION_SETTINGS, connection_string
from holdfast.postgres.pooler import ADVICE, problems_of_pooler, refusal_of_a_pooler
from holdfast.postgres.tables import APPEND_ONLY

__all__ = ["CHECKS", "OURS", "connect", "find_problem"]

SQL = queries.load("preconditions")

_OLDEST_POSTGRESQL = 15
_SCHEMA = Path(__file__).with_name("schema.sql")
OURS = re.findall(r"^CREATE (?:TABLE|SEQUENCE) (\w+)", _SCHEMA.read_text("utf-8"), re.MULTILINE)
_VIEWS = re.findall(r"^CREATE VIEW (\w+)", _SCHEMA.read_text("utf-8"), re.MULTILINE)
_MIGRATED = "schema_generation"
_OF_ALEMBIC = "alembic_version"

_REQUIRED = {
    "default_transaction_read_only": (
        "off",
    ),  # providers set it when a disk is nearly full, so we do not reset it
    "session_replication_role": ("origin",),
    "transaction_timeout": ("0",),
    "restrict_nonsystem_relation_kind": ("",),  # it hides views, and older minor releases do not know it
}

Session = psycopg.Connection[DictRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What the server asks of the database: where it is, and how many connections all workers open."""

    url: str
    connections: int


def find_problem(url: str, *, connections: int = 0) -> str | None:
    """Return the first reason why Holdfast cannot use this database, or None. It need not be migrated.

    `connections`: how many the server will open. Raises psycopg.OperationalError if the database does not answer.
    """
    try:
        with connect(url) as session:
            needs = Requirements(url=url, connections=connections)
            return next((problem for check in CHECKS.values() for problem in check(session, needs)), None)
    except psycopg.OperationalError as error:
        refusal = refusal_of_a_pooler(error)
        if refusal is None:
            raise
        return refusal


def connect(url: str) -> Session:
    """Return a session as the server's own, for the checks."""
    conninfo = connection_string(url, application="holdfast-check")
    return psycopg.connect(conninfo, connect_timeout=10, autocommit=True, row_factory=dict_row)


def _problems_of_version(session: Session, _: Requirements) -> Iterator[str]:
    version = session.info.server_version // 10_000
    if version < _OLDEST_POSTGRESQL:
        yield f"The database is PostgreSQL {version}: Holdfast needs {_OLDEST_POSTGRESQL} or newer."


def _problems_of_settings(session: Session, _: Requirements) -> Iterator[str]:
    names = [*SESSION_SETTINGS, *citus.DURABLE, *_REQUIRED]
    found = {row["name"]: row["value"] for row in _ask(session, "list_settings", names=names)}
    for name, value in SESSION_SETTINGS.items():
        if found.get(name, value) != value:
            yield (
                f"The session runs with {name} = {found[name]} and not with {value}, which Holdfast asked for: "
                f"a connection pooler ignores it; {ADVICE}."
            )
    for name, allowed in citus.DURABLE.items():
        if found[name] not in allowed:
            yield f"The database runs with {name} = {found[name]}: bookings could be lost. Set it to on."
    for name, allowed in _REQUIRED.items():
        if found.get(name, allowed[0]) not in allowed:
            wanted = allowed[0] or "nothing ('')"
            yield f"The database runs with {name} = {found[name]}: set it to {wanted} for Holdfast's role."


def _problems_of_database(session: Session, _: Requirements) -> Iterator[str]:
    (database,) = _ask(session, "load_database")
    name, encoding = database["database"], database["encoding"]
    if database["is_standby"]:
        yield (
            "The database is a standby: name its primary in HOLDFAST_DATABASE_URL, or every host with "
            "target_session_attrs=read-write."
        )
    if encoding != "UTF8":
        yield (
            f"Database {name} has the encoding {encoding}, which lacks characters of names: make one with "
            "`createdb --encoding UTF8 --template template0`."
        )
    if database["collation_version"] != database["library_version"]:
        yield (
            f"Database {name} was sorted by version {database['collation_version']} of its locale, and the system "
            f"has {database['library_version']}: run REINDEX DATABASE and ALTER DATABASE … REFRESH COLLATION VERSION."
        )
    if database["schema"] is None:
        yield (
            f"The search_path of role {database['role']} names no existing schema: create one, or set search_path."
        )
    if next(each for each in database["path"] if not each.startswith("pg_temp")) != "pg_catalog":
        yield "The search_path has pg_catalog behind another schema: leave pg_catalog out of it."


def _problems_of_relations(session: Session, _: Requirements) -> Iterator[str]:
    (database,) = _ask(session, "load_database")
    role, schema = database["role"], database["schema"]
    names = [*OURS, *_VIEWS, _OF_ALEMBIC]
    relations = _ask(session, "list_relations_of", names=names, append_only=[*APPEND_ONLY])
    found = {row["name"]: row for row in relations}
    if _MIGRATED not in found:
        others = [name for name in (*OURS, *_VIEWS) if name in found and found[name]["schema"] == schema]
        if _OF_ALEMBIC in found and not found[_OF_ALEMBIC]["missing_rights"]:
            others += [_OF_ALEMBIC] * any(row["found"] for row in _ask(session, "has_other_migrations"))
        if others:
            yield (
                f"Schema {found[others[0]]['schema']} has a {others[0]} of another program: give Holdfast a database "
                "of its own."
            )
        if not database["may_create"]:
            yield f"Role {role} may not create tables in schema {schema}: GRANT CREATE ON SCHEMA {schema} TO {role}."
        return
    for name, row in [(name, found[name]) for name in OURS if name in found]:
        if row["schema"] != found[_MIGRATED]["schema"] or row["schema"] != schema:
            yield (
                f"The search_path begins with {schema}, and it finds {name} in schema {row['schema']}: begin it with "
                "the schema that has all of Holdfast's tables, and remove others of these names."
            )
        if row["missing_rights"]:
            rights = ", ".join(row["missing_rights"])
            yield f"Role {role} lacks {rights} on {name}: run `holdfast db grant {role}` as the owner."
        if row["hides_rows"]:
            yield f"Row security hides rows of {name} from role {role}: make it the owner, or grant it BYPASSRLS."


def _problems_of_room(session: Session, needs: Requirements) -> Iterator[str]:
    (room,) = _ask(session, "load_room")
    limits = {
        "max_connections less the reserved ones": room["of_server"],
        f"the CONNECTION LIMIT of role {room['role']}": room["of_role"],
        "the CONNECTION LIMIT of the database": room["of_database"],
    }
    for name, limit in limits.items():
        if 0 <= limit < needs.connections:
            yield (
                f"The workers open {needs.connections} connections, and {name} is {limit}: raise it, or lower "
                "HOLDFAST_WORKERS or HOLDFAST_POOL_SIZE."
            )


def _problems_of_nodes(session: Session, _: Requirements) -> Iterator[str]:
    yield from citus.fatal_problems(session)


def _problems_of_pooler(session: Session, needs: Requirements) -> Iterator[str]:
    yield from problems_of_pooler(session, lambda: connect(needs.url), connections=needs.connections)


def _ask(session: Session, statement: str, **parameters: Any) -> list[DictRow]:
    return session.execute(SQL[statement], parameters).fetchall()


CHECKS: dict[str, Callable[[Session, Requirements], Iterator[str]]] = {
    "version": _problems_of_version,
    "settings": _problems_of_settings,
    "database": _problems_of_database,
    "tables": _problems_of_relations,
    "connections": _problems_of_room,
    "nodes": _problems_of_nodes,
    "pooler": _problems_of_pooler,
}
"""The checks of a start, the basic things first: a later one may need what an earlier one found."""
