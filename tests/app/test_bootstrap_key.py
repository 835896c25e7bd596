"""HOLDFAST_BOOTSTRAP_KEY: the first key of a fresh database, made by the platform."""

from __future__ import annotations

import secrets
from hashlib import sha256

import pytest

from holdfast.access.keys import count_keys, take_first_key
from holdfast.app.settings import load_settings
from holdfast.process.errors import CannotStart
from holdfast.process.preparation import prepare
from support.house_of import fetch

SECRET = sha256(b"drawn once").hexdigest()
KEY = f"hfk_platform1_{SECRET}"


def test_the_first_start_takes_the_key_once(database_url: str) -> None:
    """It has the scopes of an organiser, only its hash is stored, and another start takes no other key."""
    for key in (KEY, KEY, f"hfk_another1_{secrets.token_urlsafe(32)}"):
        assert (
            prepare(database_url, upgrade=False, connections=8, first_key=key, server_key="k" * 43)["keys"]
            == 1
        )
    ((id, stored, scopes, organisation),) = fetch(
        database_url, "SELECT id, secret_hash, scopes, organisation_number FROM api_keys"
    )
    assert (id, stored, organisation) == ("platform1", sha256(SECRET.encode()).digest(), 1)
    assert sorted(scopes) == ["organise", "read", "sell"]  # type: ignore[call-overload]  # the column is an array
    assert fetch(database_url, "SELECT action, object FROM audit_entries") == [
        ("key.created", "key:platform1")
    ]
    assert SECRET not in str(fetch(database_url, "SELECT * FROM audit_entries"))


def test_a_revoked_key_does_not_come_back(database_url: str) -> None:
    take_first_key(database_url, KEY)
    fetch(database_url, "UPDATE api_keys SET revoked_at = statement_timestamp()")
    take_first_key(database_url, KEY)
    assert count_keys(database_url) == 0


@pytest.mark.parametrize(
    "key",
    [
        "x",
        SECRET,
        f"hfk_{SECRET}",
        f"hfk_abc_{SECRET}",
        f"hfk_platform1_{'short' * 6}",
        f"hfk_platform1_{'a' * 43}",
        f"hfk_platform1_{SECRET} ",
        f"hfk_plätform_{SECRET}",
        f"Bearer {KEY}",
    ],
)
def test_a_malformed_key_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("HOLDFAST_BOOTSTRAP_KEY", key)
    with pytest.raises(CannotStart, match="HOLDFAST_BOOTSTRAP_KEY must") as refused:
        load_settings()
    assert key not in str(refused.value)


def test_without_it_no_key_is_made(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_BOOTSTRAP_KEY", "")
    assert load_settings().bootstrap_key is None
    assert prepare(database_url, upgrade=False, connections=8, first_key="", server_key="k" * 43)["keys"] == 0
