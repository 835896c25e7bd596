"""`holdfast staff`: invitations that wait in the mailbox, and help for a colleague who is locked out."""

from __future__ import annotations

import psycopg

from support.commands import Run
from support.house_of import fetch
from support.http_app import SECRET_KEY


def test_an_invitation_waits_in_the_mailbox(holdfast: Run, database_url: str) -> None:
    made = holdfast(
        "staff", "invite", "grace@example.org", "box_office", "--json", secret_key=SECRET_KEY
    ).json
    assert made == {"email": "grace@example.org", "role": "box_office", "organisation": "main"}
    (mail,) = holdfast("mailbox", "--json", secret_key=SECRET_KEY).json
    assert mail["subject"] == "You are invited to Main"
    assert "/invitation#" in mail["text"]
    assert fetch(database_url, "SELECT purpose, email, organisation_number FROM one_time_tokens") == [
        ("invitation", "grace@example.org", 1)
    ]
    assert fetch(database_url, "SELECT principal, action FROM audit_entries") == [
        ("operator", "member.invited")
    ]


def test_a_wrong_invitation_is_refused_in_one_line(holdfast: Run, database_url: str) -> None:
    for words in (
        ("grace", "door"),
        ("g@example.org", "king"),
        ("g@example.org", "door", "--organisation", "x"),
    ):
        refused = holdfast("staff", "invite", *words, secret_key=SECRET_KEY)
        assert refused.code != 0
        assert "Traceback" not in refused.err
    assert fetch(database_url, "SELECT FROM one_time_tokens") == []


def test_an_operator_helps_a_colleague_who_is_locked_out(holdfast: Run, database_url: str) -> None:
    """Every kind of second factor goes, and so does every session. Each organisation's audit says so."""
    statements = (
        "INSERT INTO accounts VALUES (7, 'Grace', '', 'Grace@example.org', 'grace@example.org', 'x', now());"
        " INSERT INTO organisations (number, slug, name, created_at) VALUES (2, 'other', 'Other', now());"
        " INSERT INTO memberships VALUES (1, 7, 'owner', NULL, now()), (2, 7, 'door', NULL, now());"
        " INSERT INTO totp_apps VALUES (7, gen_random_uuid(), true, 0, now());"
        " INSERT INTO recovery_codes VALUES (7, 'a'), (7, 'b');"
        " INSERT INTO passkeys VALUES (7, gen_random_uuid(), 'c', 'd', 0, 'Phone', now(), NULL);"
        " INSERT INTO sessions VALUES (gen_random_uuid(), 'e', 7, 1, now(), now(), 60, now() + interval '1 hour');"
        " UPDATE organisations SET requires_second_factor = true WHERE number = 2"
    )
    with psycopg.connect(database_url) as connection:
        connection.execute(statements)
    shown = {
        "email": "grace@example.org",
        "app": True,
        "recovery_codes": 2,
        "passkeys": 1,
        "required": True,
    }
    assert holdfast("staff", "factors", "grace@example.org", "--json").json == shown
    assert holdfast("staff", "reset-factors", "grace@example.org", "--json").json == shown
    left = holdfast("staff", "factors", "GRACE@example.org", "--json").json
    assert (left["app"], left["recovery_codes"], left["passkeys"]) == (False, 0, 0)
    assert fetch(database_url, "SELECT FROM sessions") == []
    entries = fetch(
        database_url, "SELECT organisation_number, principal, action, object FROM audit_entries ORDER BY 1"
    )
    assert entries == [
        (organisation, "operator", "second_factors.reset", "account:7") for organisation in (1, 2)
    ]


def test_nobody_without_an_account_is_reset(holdfast: Run, database_url: str) -> None:
    for command in ("factors", "reset-factors"):
        refused = holdfast("staff", command, "nobody@example.org")
        assert refused.complaint.startswith("There is no account with this e-mail address: ")
