"""When an API key was last used: only a right secret counts, and a note for people refuses nobody.

The kind: what is written by the way, before or beside the act that it belongs to. Its members are the use of a key, by
itself and for an access token, and the use of a session (`tests/api/test_sessions.py`).
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import httpx2

from api.test_refused_writes import set_read_only
from support.house_of import fetch
from support.http_app import KeyedClient

USES = "SELECT count(last_used_at) FROM api_keys"
FORM = {"grant_type": "client_credentials"}


def with_secret(client: httpx2.AsyncClient, secret: str) -> dict[str, str]:
    scheme, _, key = client.headers["authorization"].partition(" ")
    return {"authorization": f"{scheme} {key.rpartition('_')[0]}_{secret}"}


def basic(client: httpx2.AsyncClient, secret: str) -> dict[str, str]:
    _, id, _ = client.headers["authorization"].split("_", 2)
    return {"authorization": "Basic " + b64encode(f"{id}:{secret}".encode()).decode()}


async def test_only_a_right_secret_is_a_use_of_a_key(keyed_client: KeyedClient, database_url: str) -> None:
    shop = await keyed_client("sell")
    wrong = await shop.get("/v1/me", headers=with_secret(shop, "t" * 43))
    refused = await shop.post("/v1/token", data=FORM, headers=basic(shop, "t" * 43))
    assert (wrong.status_code, refused.status_code) == (401, 401)
    assert fetch(database_url, USES) == [(0,)]
    assert (await shop.get("/v1/me")).status_code == 200
    assert fetch(database_url, USES) == [(1,)]


async def test_a_token_is_a_use_of_its_key(keyed_client: KeyedClient, database_url: str) -> None:
    shop = await keyed_client("sell")
    assert (await shop.post("/v1/token", data=FORM, headers=basic(shop, "s" * 43))).status_code == 200
    assert fetch(database_url, USES) == [(1,)]


async def test_a_read_only_database_gives_tokens_and_answers_keys(
    keyed_client: KeyedClient, database_url: str
) -> None:
    """Reads go on there. A token was refused with 503, because the time of its use could not be written."""
    shop: Any = await keyed_client("sell")
    set_read_only(database_url, "on")
    given = await shop.post("/v1/token", data=FORM, headers=basic(shop, "s" * 43))
    assert given.status_code == 200
    mine = {"authorization": f"Bearer {given.json()['access_token']}"}
    assert (await shop.get("/v1/me", headers=mine)).status_code == 200
    assert (await shop.get("/v1/me")).status_code == 200
