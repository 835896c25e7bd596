"""Google Wallet: a signed link that adds a ticket, and that needs no call to Google."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import RSAKey

from holdfast.tickets.wallets.google_wallet import load_wallet_account
from support.http_app import client_of, running_app
from support.http_sales import SEATS, Json, confirm, make_event, place
from support.wallet_files import EMAIL, wallet_account, wallet_key

SAVE = "https://pay.google.com/gp/v/save/"
ISSUER = "3388000000012345678"


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    account = {"google_wallet_account": wallet_account(tmp_path), "google_wallet_issuer": ISSUER}
    async with running_app(database_url, **account) as layer, client_of(layer) as one:
        yield one


async def sell(shop: httpx2.AsyncClient) -> tuple[str, Json]:
    event = await make_event(
        shop,
        name="The Paper Lighthouse",
        venue="Saltmarsh Arena",
        time_zone="Europe/Berlin",
        starts_at="2026-12-12T18:30:00Z",
        seat_map=SEATS,
    )
    hold = await place(shop, event, {"seats": ["A-1-1"]})
    booking = await confirm(shop, hold, buyer={"name": "Ada Lovelace"})
    return f"/v1/bookings/{booking['id']}", {"Hold-Token": hold["hold_token"]}


def claims_of(link: str, key: str = "google") -> dict[str, Any]:
    """Return what a link says. Raises BadSignatureError if the key has not signed it."""
    assert link.startswith(SAVE)
    pem = wallet_key(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return jwt.decode(link.removeprefix(SAVE), RSAKey.import_key(pem), algorithms=["RS256"]).claims


async def link_of(shop: httpx2.AsyncClient, path: str, opens: Json) -> str:
    answer = await shop.get(f"{path}/tickets/1/google-wallet", headers=opens)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


async def test_the_link_is_signed_and_has_the_ticket(shop: httpx2.AsyncClient) -> None:
    path, opens = await sell(shop)
    (ticket,) = (await shop.get(f"{path}/tickets", headers=opens)).json()["items"]
    link = await link_of(shop, path, opens)
    claims = claims_of(link)
    with pytest.raises(BadSignatureError):
        claims_of(link, "another")
    assert (claims["iss"], claims["aud"], claims["typ"]) == (EMAIL, "google", "savetowallet")
    (kind,), (made,) = claims["payload"].values()
    assert kind["id"] == made["classId"]
    assert kind["id"].startswith(f"{ISSUER}.")
    assert kind["eventName"]["defaultValue"]["value"] == "The Paper Lighthouse"
    assert kind["dateTime"]["start"] == "2026-12-12T19:30:00+01:00", "by the venue's clock"
    assert kind["venue"]["name"]["defaultValue"]["value"] == "Saltmarsh Arena"
    assert made["barcode"] == {
        "type": "QR_CODE",
        "value": ticket["code"],
        "alternateText": ticket["reference"],
    }
    assert {part: text["defaultValue"]["value"] for part, text in made["seatInfo"].items()} == {
        "section": "A",
        "row": "1",
        "seat": "1",
    }
    assert made["ticketHolderName"] == "Ada Lovelace"
    assert made["state"] == "ACTIVE"


async def test_a_ticket_that_is_issued_again_is_another_one_for_google(shop: httpx2.AsyncClient) -> None:
    """Google keeps the first ticket of an id, and would show the old code."""
    path, opens = await sell(shop)
    (before,) = claims_of(await link_of(shop, path, opens))["payload"]["eventTicketObjects"]
    await shop.post(f"{path}/tickets/1/reissue", headers=opens)
    (after,) = claims_of(await link_of(shop, path, opens))["payload"]["eventTicketObjects"]
    assert before["id"] != after["id"]
    assert before["barcode"]["value"] != after["barcode"]["value"]


async def test_a_void_ticket_has_no_link(shop: httpx2.AsyncClient) -> None:
    path, opens = await sell(shop)
    await shop.post(f"{path}/cancel")
    answer = await shop.get(f"{path}/tickets/1/google-wallet", headers=opens)
    assert (answer.status_code, answer.json()["code"]) == (409, "booking_already_cancelled")


async def test_without_an_account_there_are_no_links(client: httpx2.AsyncClient) -> None:
    path, opens = await sell(client)
    answer = await client.get(f"{path}/tickets/1/google-wallet", headers=opens)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


WRONG = {
    "no JSON": ("x", "the JSON file of a service account"),
    "no object": ("[]", "the JSON file of a service account"),
    "another kind": ({"type": "authorized_user"}, "the JSON file of a service account"),
    "no key": ({"type": "service_account", "client_email": EMAIL}, "`client_email` and `private_key`"),
    "no RSA key": (
        {"type": "service_account", "client_email": EMAIL, "private_key": "x"},
        "an RSA key as `private_key`",
    ),
    "a public key": (
        {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key": wallet_key("google")
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode(),
        },
        "an RSA key as `private_key`",
    ),
}


@pytest.mark.parametrize(("content", "complaint"), WRONG.values(), ids=WRONG)
def test_a_file_without_an_account_says_what_it_lacks(content: Any, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=complaint):
        load_wallet_account(file)
