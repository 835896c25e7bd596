"""Grants: a server whose role cannot change the past works whole.

Class of bug: a statement changes a record that is only added to. The database refuses it here, whatever the server
runs: a sale from its event to a scan at the door, and the work in the background.
"""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.access.access import Access
from holdfast.postgres import preconditions, schema
from holdfast.postgres.connections import Connections
from holdfast.postgres.grants import GrantRefused, grant
from holdfast.postgres.tables import APPEND_ONLY, OF_EVENTS, OF_NO_EVENT
from holdfast.workers.audit_retention import AuditRetention
from support.commands import Run, run
from support.http_app import access_of, client_of, engine_of, running_app
from support.http_sales import SEATS, confirm, make_event, place, token_of
from support.postgres import TestDatabases

ROLE = "added_to"
__all__ = ["run"]


def superuser(databases: TestDatabases, url: str) -> str:
    return databases.server.url_of(str(conninfo_to_dict(url)["dbname"]), role="postgres")


@pytest.fixture
def served_url(databases: TestDatabases, database_url: str) -> str:
    """The database's URL for a role that owns nothing and has no right yet."""
    make_role(databases, database_url, ROLE)
    with psycopg.connect(superuser(databases, database_url), autocommit=True) as session:
        session.execute(f"GRANT {ROLE} TO holdfast".encode())  # the socket admits no other role
    return f"{database_url}&options=-c%20role%3D{ROLE}"


def make_role(databases: TestDatabases, url: str, role: str, more: str = "LOGIN") -> None:
    with psycopg.connect(superuser(databases, url), autocommit=True) as session:
        if session.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            session.execute(f"CREATE ROLE {role} {more}".encode())


async def test_a_server_of_the_role_sells_and_lets_in(database_url: str, served_url: str) -> None:
    grant(database_url, ROLE)
    schema.verify(served_url, connections=4)
    async with running_app(served_url) as app, client_of(app) as client:
        event = await make_event(client, seat_map=SEATS, areas=[{"name": "floor", "capacity": 9}])
        number = event["number"]
        hold = await place(client, event, {"seats": ["A-1-1", "A-1-2"]}, buyer=None)
        booking = await confirm(client, hold)
        found = await client.get(f"/v1/bookings/{booking['id']}/tickets", headers=token_of(hold))
        ticket = found.json()["items"][0]
        scans = {
            "device": "door-a",
            "items": [{"seq": 1, "at": "2026-11-05T18:42:00Z", "code": ticket["code"]}],
        }
        steps = [
            await client.post(f"/v1/events/{number}/check-ins", json=scans),
            await client.post(
                f"/v1/bookings/{booking['id']}/tickets/{ticket['number']}/reissue", headers=token_of(hold)
            ),
            await client.post(f"/v1/bookings/{booking['id']}/cancel", json={}),
            await client.patch(f"/v1/events/{number}", json={"name": "Another"}),
            await client.post("/v1/keys", json={"name": "shop", "scopes": ["read"]}),
            await client.post(f"/v1/events/{number}/cancel", json={}),
        ]
        assert [each.status_code for each in steps] == [200, 200, 200, 200, 201, 200], [
            each.text for each in steps
        ]
        assert (await client.get("/v1/audit")).json()["items"]
        assert await AuditRetention(access_of(app), days=30).run_once() == 0
        assert (
            await engine_of(app).operations.delete_old_rows(answer_hours=1, attempt_days=1, max_rows=10) == 0
        )
    with psycopg.connect(served_url, autocommit=True) as session:
        for name in APPEND_ONLY:
            assert session.execute(f"SELECT FROM {name} LIMIT 1".encode()).fetchone() is not None, name
            for statement in ("UPDATE {} SET event_number = 7", "DELETE FROM {}", "TRUNCATE {}"):
                column = "organisation_number" if name == "audit_entries" else "event_number"
                text = statement.format(name).replace("event_number", column)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(text.encode())


async def test_an_owner_still_deletes_old_entries(database_url: str) -> None:
    connections = Connections(database_url, size=1)
    await connections.open()
    try:
        assert await Access(connections).audit.may_delete()
    finally:
        await connections.close()


def test_the_role_needs_no_more_than_it_gets(database_url: str, served_url: str) -> None:
    assert "run `holdfast db grant added_to` as the owner" in str(preconditions.find_problem(served_url))
    granted = grant(database_url, ROLE)
    assert (granted.tables, granted.append_only) == (len(OF_EVENTS) + len(OF_NO_EVENT), APPEND_ONLY)
    assert grant(database_url, ROLE) == granted  # a second time changes nothing
    assert preconditions.find_problem(served_url) is None
    with psycopg.connect(served_url) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("CREATE TABLE ours (x integer)")


def test_rights_of_before_are_taken_away(database_url: str, served_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as session:
        session.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE}".encode())
    grant(database_url, ROLE)
    with psycopg.connect(served_url) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("DELETE FROM journal")


@pytest.mark.parametrize(
    ("role", "more", "said"),
    [
        ("nobody_has_this", None, "There is no role nobody_has_this"),
        ("postgres", None, "Role postgres is a superuser"),
        ("holdfast", None, "Role holdfast owns the tables"),
        ("like_owner", "LOGIN IN ROLE holdfast", "Role like_owner owns the tables"),
    ],
)
def test_a_role_that_no_right_limits_is_refused(
    databases: TestDatabases, database_url: str, role: str, more: str | None, said: str
) -> None:
    if more is not None:
        make_role(databases, database_url, role, more)
    with pytest.raises(GrantRefused, match=said):
        grant(database_url, role)


def test_rights_by_another_role_are_reported(databases: TestDatabases, database_url: str) -> None:
    make_role(databases, database_url, "changers", "NOLOGIN")
    make_role(databases, database_url, "one_of_them", "LOGIN IN ROLE changers")
    with psycopg.connect(database_url, autocommit=True) as session:
        session.execute("GRANT UPDATE ON journal TO changers")
    with pytest.raises(GrantRefused, match="one_of_them can still change journal, by another role"):
        grant(database_url, "one_of_them")


def test_only_the_owner_grants(databases: TestDatabases, database_url: str, served_url: str) -> None:
    make_role(databases, database_url, "other_server")
    grant(database_url, ROLE)
    with pytest.raises(
        GrantRefused, match="Only the owner of the tables can grant their rights: connect as holdfast"
    ):
        grant(served_url, "other_server")


def test_the_command_says_what_the_role_may_not_change(run: Run, database_url: str, served_url: str) -> None:
    done = run("db", "grant", ROLE, "--json", database_url=database_url)
    assert (done.code, done.json["append_only"]) == (0, list(APPEND_ONLY))
    assert run("db", "doctor", database_url=served_url).code == 0
    refused = run("db", "grant", "nobody_has_this", database_url=database_url)
    assert (refused.code, refused.out) == (1, "")
    assert "There is no role nobody_has_this: make it with CREATE ROLE" in refused.err
