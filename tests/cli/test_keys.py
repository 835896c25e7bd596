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
        (("revoke", "nothing"), "There is no key nothing: `holdfast keys list` shows all."),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(
    holdfast: Run, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in holdfast("keys", *arguments).complaint


def secret_of(key: str) -> str:
    return key.split("_", 2)[2]


def test_rotation_keeps_two_secrets_for_the_overlap(holdfast: Run, database_url: str) -> None:
    made = holdfast("keys", "create", "shop", "--scope", "sell", "--json").json
    second = holdfast("keys", "rotate", made["id"], "--json").json
    found = in_force(database_url, made["id"])
    assert found is not None
    assert second["id"] == made["id"]
    assert found.has_secret(secret_of(made["key"]))
    assert found.has_secret(secret_of(second["key"]))
    assert not found.has_secret("x" * 43)
    third = holdfast("keys", "rotate", made["id"], "--json").json
    found = in_force(database_url, made["id"])
    assert found is not None
    assert not found.has_secret(secret_of(made["key"])), "two secrets at most"
    assert found.has_secret(secret_of(second["key"]))
    fetch(database_url, "UPDATE api_keys SET previous_until = statement_timestamp()")
    found = in_force(database_url, made["id"])
    assert found is not None
    assert not found.has_secret(secret_of(second["key"])), "the overlap has ended"
    assert found.has_secret(secret_of(third["key"]))
    fourth = holdfast("keys", "rotate", made["id"], "--overlap", "0", "--json").json
    found = in_force(database_url, made["id"])
    assert found is not None
    assert not found.has_secret(secret_of(third["key"]))
    assert found.has_secret(secret_of(fourth["key"]))


@pytest.mark.parametrize("overlap", ["", "-1h", "1", "1w", "00h", "99999h", "١h"])
def test_rotation_refuses_other_overlaps(holdfast: Run, overlap: str) -> None:
    assert holdfast("keys", "rotate", "abcd1234", f"--overlap={overlap}").code == 2


def test_rotation_needs_a_valid_key(holdfast: Run, database_url: str) -> None:
    made = holdfast("keys", "create", "shop", "--scope", "sell", "--json").json
    ended = holdfast("keys", "create", "till", "--scope", "sell", "--expires", "1h", "--json").json
    fetch(database_url, "UPDATE api_keys SET expires_at = created_at WHERE id = %s", ended["id"])
    holdfast("keys", "revoke", made["id"])
    for id in (made["id"], ended["id"], "nobody1", "a_b", ""):
        refused = holdfast("keys", "rotate", id)
        assert refused.code == 1
        assert "There is no valid key" in refused.err


def test_every_change_of_keys_and_staff_is_audited(holdfast: Run, database_url: str) -> None:
    """Each act has one entry, and none has a secret."""
    made = holdfast("keys", "create", "shop", "--scope", "sell", "--json").json
    rotated = holdfast("keys", "rotate", made["id"], "--json").json
    holdfast("keys", "revoke", made["id"])
    holdfast("keys", "revoke", made["id"])
    holdfast("keys", "rotate", made["id"])
    entries = holdfast("audit", "--json").json
    assert [(one["action"], one["object"], one["principal"]) for one in entries] == [
        (f"key.{act}", f"key:{made['id']}", "operator") for act in ("revoked", "rotated", "created")
    ]
    stored = str(fetch(database_url, "SELECT * FROM audit_entries"))
    assert not any(secret_of(key["key"]) in stored for key in (made, rotated))


def test_organisations_have_keys_of_their_own(holdfast: Run, database_url: str) -> None:
    made = holdfast("organisation", "create", "second-house", "--name", "Second house", "--json").json
    assert holdfast("organisation", "create", "second-house").code == 1
    assert [one["slug"] for one in holdfast("organisation", "list", "--json").json] == [
        "main",
        "second-house",
    ]
    key = holdfast(
        "keys", "create", "theirs", "--scope", "sell", "--organisation", "second-house", "--json"
    ).json
    found = in_force(database_url, key["id"])
    assert found is not None
    assert found.organisation == made["number"]
    assert holdfast("keys", "list", "--json").json == []
    assert [
        one["id"] for one in holdfast("keys", "list", "--organisation", "second-house", "--json").json
    ] == [key["id"]]
    assert "no such organisation" in holdfast("keys", "list", "--organisation", "third").err
    actions = [one["action"] for one in holdfast("audit", "--organisation", "second-house", "--json").json]
    assert actions == ["key.created", "organisation.created"]
    ((oldest,),) = fetch(database_url, "SELECT oldest_server FROM schema_generation")
    assert oldest == 12, "a server that knows one organisation would open both"


@pytest.mark.parametrize("slug", ["", "A", "a_b", "-a", "a-", "a" * 41, "ä", "a b"])
def test_a_slug_is_plain(holdfast: Run, slug: str) -> None:
    assert holdfast("organisation", "create", "--", slug).code == 2


def test_the_last_owner_stays(holdfast: Run, database_url: str) -> None:
    for id, email in ((1, "ada@example.org"), (2, "bob@example.org")):
        fetch(
            database_url,
            "INSERT INTO accounts VALUES (%s, 'x', '1', %s, %s, 'x', statement_timestamp())",
            id,
            email,
            email,
        )
    assert holdfast("staff", "role", "Ada@example.org", "owner").code == 0
    for refused in (("role", "ada@example.org", "manager"), ("remove", "ada@example.org")):
        assert "needs an owner" in holdfast("staff", *refused).err
    assert "no account" in holdfast("staff", "role", "eve@example.org", "door").err
    assert "No member" in holdfast("staff", "remove", "bob@example.org").err
    holdfast("staff", "role", "bob@example.org", "owner")
    assert holdfast("staff", "role", "ada@example.org", "door").code == 0
    assert [(one["email"], one["role"]) for one in holdfast("staff", "list", "--json").json] == [
        ("ada@example.org", "door"),
        ("bob@example.org", "owner"),
    ]
    assert holdfast("staff", "remove", "ada@example.org").code == 0
    assert len(holdfast("audit", "--json").json) == 4
