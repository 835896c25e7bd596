"""`holdfast keys`: a key is shown once, stored as a hash, and valid until it expires or is revoked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from holdfast.access.access import Access
from holdfast.access.principals import KeyRow
from holdfast.postgres.connections import Connections
from support.commands import Run
from support.house_of import fetch


def in_force(url: str, id: str) -> KeyRow | None:
    async def find() -> KeyRow | None:
        connections = Connections(url, size=2)
        await connections.open()
        try:
            return await Access(connections).find_key(id)
        finally:
            await connections.close()

    return asyncio.run(find())


def test_a_key_is_shown_once_and_kept_as_a_hash(holdfast: Run, database_url: str) -> None:
    made = holdfast("keys", "create", "box office", "--scope", "sell", "--scope", "read", "--json").json
    _, _, secret = made["key"].split("_", 2)
    found = in_force(database_url, made["id"])
    assert found is not None
    assert found.secret_hash == sha256(secret.encode()).digest()
    assert found.scopes == {"read", "sell"}
    assert secret not in str(fetch(database_url, "SELECT * FROM api_keys"))
    listed = holdfast("keys", "list")
    assert made["id"] in listed.out
    assert secret not in listed.out


def test_list_shows_complete_ids_in_a_narrow_terminal(holdfast: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`keys revoke` needs the complete id."""
    made = holdfast("keys", "create", "the box office in the foyer", "--scope", "sell", "--json").json
    monkeypatch.setenv("COLUMNS", "60")
    assert made["id"] in holdfast("keys", "list").out


def test_create_warns_that_the_key_is_shown_once(holdfast: Run) -> None:
    made = holdfast("keys", "create", "box office", "--scope", "sell")
    assert "hfk_" in made.out
    assert "only time" in made.err


@pytest.mark.parametrize(("text", "ahead"), [("12h", timedelta(hours=12)), ("90d", timedelta(days=90))])
def test_a_key_expires_after_its_duration(
    holdfast: Run, database_url: str, text: str, ahead: timedelta
) -> None:
    made = holdfast("keys", "create", "till", "--scope", "sell", "--expires", text, "--json").json
    expires_at = datetime.fromisoformat(made["expires_at"])
    assert abs(expires_at - datetime.now(UTC) - ahead) < timedelta(minutes=5)
    assert in_force(database_url, made["id"]) is not None
    fetch(database_url, "UPDATE api_keys SET expires_at = now() RETURNING 1")
    assert in_force(database_url, made["id"]) is None


def test_a_revoked_key_is_invalid(holdfast: Run, database_url: str) -> None:
    id = holdfast("keys", "create", "till", "--scope", "organise", "--json").json["id"]
    assert holdfast("keys", "revoke", id).code == 0
    assert in_force(database_url, id) is None
    assert holdfast("keys", "revoke", id).code == 0
    assert holdfast("keys", "list", "--json").json[0]["revoked_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("create", "till"), "Missing option"),
        (("create", "till", "--scope", "everything"), "everything"),
        (("create", " ", "--scope", "sell"), "`name` is blank"),
        (("create", "till", "--scope", "sell", "--expires", "soon"), "RFC 3339"),
        (("create", "till", "--scope", "sell", "--expires", "2001-01-01T00:00:00Z"), "in the past"),
        (("revoke", "nothing"), "There is no key nothing."),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(
    holdfast: Run, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in holdfast("keys", *arguments).complaint
