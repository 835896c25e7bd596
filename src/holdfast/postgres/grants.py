"""Grants: the rights of a server that does not own the tables. It adds to the records of the past, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from holdfast.postgres import preconditions, queries
from holdfast.postgres.preconditions import Session
from holdfast.postgres.tables import APPEND_ONLY, OF_EVENTS, OF_NO_EVENT

__all__ = ["GrantRefused", "GrantedRights", "grant"]

SQL = queries.load("grants")


class GrantRefused(Exception):
    """Its text is one line: why the role cannot have these rights, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedRights:
    """What a role may do now."""

    role: str
    tables: int
    append_only: tuple[str, ...]


def grant(url: str, role: str) -> GrantedRights:
    """Give the role what a server needs, and take from it every change of the append-only tables.

    The URL is that of the tables' owner, and the database is migrated. Raises GrantRefused.
    """
    with preconditions.connect(url) as session:
        _refuse_unfit(session, role)
        with session.transaction():
            for statement in _statements(session, role):
                session.execute(statement)
        (left,) = session.execute(SQL["list_left"], {"role": role, "append_only": [*APPEND_ONLY]}).fetchall()
    if left["names"]:
        names = ", ".join(left["names"])
        raise GrantRefused(
            f"Role {role} can still change {names}, by another role that it belongs to: REVOKE that, or name another."
        )
    return GrantedRights(role=role, tables=len(OF_EVENTS) + len(OF_NO_EVENT), append_only=APPEND_ONLY)


def _refuse_unfit(session: Session, role: str) -> None:
    (found,) = session.execute(SQL["load_role"], {"role": role}).fetchall()
    if not found["is_owner"]:
        raise GrantRefused(
            f"Only the owner of the tables can grant their rights: connect as {found['owner']}."
        )
    if not found["exists"]:
        raise GrantRefused(f"There is no role {role}: make it with CREATE ROLE {role} LOGIN PASSWORD '...'.")
    if found["is_superuser"]:
        raise GrantRefused(f"Role {role} is a superuser, and no right limits it: name another role.")
    if found["owns"]:
        raise GrantRefused(f"Role {role} owns the tables, and an owner may do everything: name another role.")


def _statements(session: Session, role: str) -> list[sql.Composed]:
    (place,) = session.execute(SQL["load_place"]).fetchall()
    names = {"role": sql.Identifier(role), "schema": sql.Identifier(place["schema"])}
    changed = [name for name in (*OF_EVENTS, *OF_NO_EVENT) if name not in APPEND_ONLY]
    return [
        sql.SQL(text).format(**names, tables=_in_schema(place["schema"], tables))
        for text, tables in (
            ("GRANT USAGE ON SCHEMA {schema} TO {role}", ()),
            ("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}", ()),
            ("REVOKE ALL ON {tables} FROM {role}", APPEND_ONLY),
            ("GRANT SELECT, INSERT ON {tables} TO {role}", APPEND_ONLY),
            ("GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}", (*changed, *place["views"])),
        )
    ]


def _in_schema(schema: str, names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(schema, name) for name in names)
