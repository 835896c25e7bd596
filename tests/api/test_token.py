"""The token endpoint, and what its tokens open."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest

from holdfast.access.principals import make_api_key
from holdfast.http.application import Application
from support.http_app import access_of, client_of
from support.http_sales import make_event

FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = {"grant_type": "client_credentials"}
SECRET = "s" * 43


async def make_key(
    app: Application, id: str = "shop", *, scopes: tuple[str, ...] = ("read", "sell"), **more: Any
) -> None:
    _, secret_hash = make_api_key(id, SECRET)
    chosen = {"expires_at": None, **more}
    await access_of(app).insert_key(id=id, secret_hash=secret_hash, name=id, scopes=list(scopes), **chosen)


def basic(id: str = "shop", secret: str = SECRET) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{id}:{secret}".encode()).decode()}


async def ask(client: httpx2.AsyncClient, form: Any = None, **headers: str) -> httpx2.Response:
    given = basic() | FORM | headers
    content = form if isinstance(form, bytes) else urlencode(GRANT if form is None else form).encode()
    kept = {name: value for name, value in given.items() if value}
    return await client.post("/v1/token", content=content, headers=kept)


async def bearer(app: Application, guest: httpx2.AsyncClient, form: Any = None) -> httpx2.AsyncClient:
    """Return a client with a token for the key."""
    answer = await ask(guest, form)
    assert answer.status_code == 200, answer.text
    return client_of(app, peer="203.0.113.9", authorization=f"Bearer {answer.json()['access_token']}")


async def test_a_key_gets_a_token_and_acts_with_it(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_key(closed_app, scopes=("read", "sell", "organise"))
    answer = await ask(guest)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("Bearer", 600, "organise read sell")
    assert "refresh_token" not in found
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    async with await bearer(closed_app, guest) as client:
        event = await make_event(client)
        assert (await client.get(f"/v1/events/{event['number']}")).status_code == 200


async def test_a_token_has_the_scopes_that_were_asked_for(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_key(closed_app, scopes=("read", "organise"))
    async with await bearer(closed_app, guest, GRANT | {"scope": "read"}) as client:
        refused = await client.post("/v1/events", json={"name": "Gala", "capacity": 2})
        assert refused.status_code == 403
        assert refused.headers["www-authenticate"] == (
            'Bearer realm="holdfast", error="insufficient_scope", scope="organise"'
        )
        assert (await client.get("/metrics")).status_code == 200


async def test_a_token_acts_under_the_id_of_its_key(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    """So a retry with the key gets the answer that the token got."""
    await make_key(closed_app, scopes=("organise",))
    async with await bearer(closed_app, guest) as by_token:
        headers = {"idempotency-key": "the-same-key"}
        first = await by_token.post("/v1/events", json={"name": "Gala", "capacity": 2}, headers=headers)
        authorization = f"Bearer hfk_shop_{SECRET}"
        async with client_of(closed_app, peer="203.0.113.9", authorization=authorization) as by_key:
            again = await by_key.post("/v1/events", json={"name": "Gala", "capacity": 2}, headers=headers)
        assert again.json()["id"] == first.json()["id"]


CLIENTS: dict[str, dict[str, str]] = {
    "nobody": {"authorization": ""},
    "a key without its secret": basic(secret=""),
    "a wrong secret": basic(secret="t" * 43),
    "an unknown key": basic("other"),
    "an expired key": basic("expired"),
    "a revoked key": basic("revoked"),
    "no colon": {"authorization": "Basic " + b64encode(b"shop").decode()},
    "not base 64": {"authorization": "Basic !!!"},
    "not UTF-8": {"authorization": "Basic " + b64encode(b"\xff:\xff").decode()},
    "a control character": basic("sh\x00op"),
    "another scheme": {"authorization": f"Bearer hfk_shop_{SECRET}"},
    "a whole key as the secret": basic(secret=f"hfk_shop_{SECRET}"),
    "an id with everything": basic("%' OR 1=1 --"),
    "a long id": basic("a" * 5_000),
}


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_wrong_client_is_refused_in_the_form_of_the_standard(
    closed_app: Application, guest: httpx2.AsyncClient, name: str
) -> None:
    await make_key(closed_app)
    await make_key(closed_app, "expired", expires_at=datetime.now(UTC) - timedelta(days=1))
    await make_key(closed_app, "revoked")
    await access_of(closed_app).revoke_key("revoked")
    answer = await ask(guest, **CLIENTS[name])
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"] == 'Basic realm="holdfast", charset="UTF-8"'
    assert answer.json()["error"] == "invalid_client"
    assert sorted(answer.json()) == ["error", "error_description"]


FORMS: dict[str, tuple[Any, str]] = {
    "empty": (b"", "invalid_request"),
    "without a grant": ({"scope": "read"}, "invalid_request"),
    "an empty grant": ({"grant_type": ""}, "invalid_request"),
    "an unknown grant": ({"grant_type": "implicit"}, "unsupported_grant_type"),
    "a grant twice": (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
    "a scope of nobody": (GRANT | {"scope": "root"}, "invalid_scope"),
    "a scope that the key lacks": (GRANT | {"scope": "read organise"}, "invalid_scope"),
    "not UTF-8": (b"grant_type=client_credentials&scope=%ff", "invalid_request"),
    "a zero byte": (b"grant_type=client_credentials&scope=read%00", "invalid_request"),
    "a line break": (b"grant_type=client_credentials&scope=read%0aorganise", "invalid_request"),
    "JSON in the form": (b'{"grant_type": "client_credentials"}', "invalid_request"),
    "quotes": ({"grant_type": '"\\\u00e9'}, "unsupported_grant_type"),
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_wrong_form_is_refused_in_the_form_of_the_standard(
    closed_app: Application, guest: httpx2.AsyncClient, name: str
) -> None:
    await make_key(closed_app)
    form, word = FORMS[name]
    answer = await ask(guest, form)
    assert answer.status_code == 400
    assert answer.json()["error"] == word
    described = answer.json()["error_description"]
    assert described.isascii()
    assert not set(described) & {'"', "\\"}
    assert answer.headers["cache-control"] == "no-store"


async def test_other_forms_of_a_good_request_are_good(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_key(closed_app)
    for form, headers in (
        (b"grant_type=client_credentials&unknown=1&unknown2=", {}),
        (b"grant_type=client%5Fcredentials&scope=read+sell", {}),
        (b"grant_type=client_credentials&scope=read%20read", {}),
        (None, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}),
        (None, {"authorization": basic()["authorization"].replace("Basic", "bAsIc")}),
        (None, basic(quote("shop"), quote(SECRET))),
    ):
        assert (await ask(guest, form, **headers)).status_code == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "multipart/form-data; boundary=x"])
async def test_only_a_form_is_read(closed_app: Application, guest: httpx2.AsyncClient, kind: str) -> None:
    await make_key(closed_app)
    answer = await ask(guest, **{"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_secret_in_the_address_is_no_grant(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_key(closed_app)
    answer = await guest.post(
        f"/v1/token?{urlencode(GRANT)}", content=urlencode(GRANT), headers=basic() | FORM
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("end", ["revoked", "rotated"])
async def test_a_token_ends_with_what_it_was_given_for(
    closed_app: Application, guest: httpx2.AsyncClient, end: str
) -> None:
    """A leaked secret is revoked or rotated. A token that a thief has got for it must end, too."""
    await make_key(closed_app)
    async with await bearer(closed_app, guest) as client:
        assert (await client.get("/metrics")).status_code == 200
        if end == "revoked":
            await access_of(closed_app).revoke_key("shop")
        else:
            _, other = make_api_key("shop", "t" * 43)
            await access_of(closed_app).rotate_key("shop", other, overlap_seconds=0)
        async with asyncio.timeout(10):
            while (answer := await client.get("/metrics")).status_code == 200:
                pass  # the lookup is cached for a second
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="holdfast", error="invalid_token",'
        ' error_description="The session of this access token has ended: sign in again."'
    )


async def test_a_token_lasts_while_its_secret_works(
    closed_app: Application, guest: httpx2.AsyncClient
) -> None:
    await make_key(closed_app)
    async with await bearer(closed_app, guest) as client:
        _, other = make_api_key("shop", "t" * 43)
        await access_of(closed_app).rotate_key("shop", other, overlap_seconds=600)
        assert (await client.get("/metrics")).status_code == 200


@pytest.mark.parametrize("token", ["eyJhbGciOiJub25lIn0.e30.", "ey", "eyJ" + "a" * 4_000])
async def test_a_foreign_token_is_refused_everywhere(guest: httpx2.AsyncClient, token: str) -> None:
    for path in ("/metrics", "/v1/events"):
        answer = await guest.get(path, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert token not in answer.text


async def test_the_keys_are_public(guest: httpx2.AsyncClient) -> None:
    answer = await guest.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
    assert "d" not in key
    assert answer.headers["cache-control"] == "public, max-age=3600"
