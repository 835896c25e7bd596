"""Apple Wallet: a pass that a phone takes as Apple's, for the ticket as it is at the moment of the download.

The chain of certificates is made here. OpenSSL verifies each pass against its root, as a phone does against Apple's.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx2
import pytest

from holdfast.http.application import Application
from holdfast.tickets.wallets.pass_certificate import load_pass_certificate
from support.http_app import client_of, running_app
from support.http_sales import SEATS, Json, confirm, make_event, place
from support.wallet_files import PASS_TYPE, TEAM, pass_chain

SHOWN: Json = {
    "name": 'The "Paper" Lighthouse',
    "venue": "Saltmarsh Arena",
    "time_zone": "Europe/Berlin",
    "starts_at": "2026-12-12T18:30:00Z",
}


@pytest.fixture
async def selling(database_url: str, tmp_path: Path) -> AsyncIterator[Application]:
    """A server with a certificate of passes, and a sender whose name its passes show."""
    (tmp_path / "pass.pem").write_bytes(pass_chain().file)
    async with running_app(
        database_url,
        apple_wallet_certificate=tmp_path / "pass.pem",
        mail_from="Saltmarsh <tickets@example.org>",
    ) as layer:
        yield layer


@pytest.fixture
async def shop(selling: Application) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(selling) as one:
        yield one


async def sell(shop: httpx2.AsyncClient, *lines: Json, **event: Json) -> tuple[str, Json]:
    """Sell to Ada, and return the path of the booking with the header that opens it."""
    hold = await place(shop, await make_event(shop, **{**SHOWN, **event}), *lines)
    booking = await confirm(shop, hold, buyer={"name": "Ada Lovelace"})
    return f"/v1/bookings/{booking['id']}", {"Hold-Token": hold["hold_token"]}


async def files_of(shop: httpx2.AsyncClient, path: str, opens: Json, query: str = "") -> dict[str, bytes]:
    """Return the files of a ticket's pass."""
    answer = await shop.get(f"{path}/tickets/1/apple-wallet.pkpass{query}", headers=opens)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apple.pkpass"
    with ZipFile(BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def is_signed(files: dict[str, bytes], root: bytes, folder: Path) -> bool:
    """Return whether the signature is over the manifest, by a certificate that leads to the root."""
    for name, content in {**files, "root": root}.items():
        if name in ("manifest.json", "signature", "root"):
            (folder / name).write_bytes(content)
    given = ["-in", "signature", "-content", "manifest.json", "-CAfile", "root", "-out", "verified"]
    verifying = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", *given]
    return subprocess.run(verifying, cwd=folder, capture_output=True, check=False).returncode == 0


async def test_a_phone_finds_the_signature_and_every_file_as_they_were_made(
    shop: httpx2.AsyncClient, tmp_path: Path
) -> None:
    files = await files_of(shop, *await sell(shop))
    manifest = json.loads(files["manifest.json"])
    packed = set(files) - {"manifest.json", "signature"}
    assert manifest == {name: hashlib.sha1(files[name]).hexdigest() for name in packed}
    assert packed == {
        "pass.json",
        *(f"{name}{scale}.png" for name in ("icon", "logo") for scale in ("", "@2x", "@3x")),
        "de.lproj/pass.strings",
        "en.lproj/pass.strings",
    }
    assert is_signed(files, pass_chain().root, tmp_path)
    forged = {**files, "manifest.json": files["manifest.json"].replace(b"a", b"b", 1)}
    assert not is_signed(forged, pass_chain().root, tmp_path), "another manifest"
    assert not is_signed(files, pass_chain().own, tmp_path), "not Apple's root"


async def test_pictures_have_the_size_of_each_screen(shop: httpx2.AsyncClient) -> None:
    files = await files_of(shop, *await sell(shop))
    for name, side in (("icon", 29), ("logo", 50)):
        for scale, suffix in ((1, ""), (2, "@2x"), (3, "@3x")):
            picture = files[f"{name}{suffix}.png"]
            assert picture.startswith(b"\x89PNG")
            assert (
                int.from_bytes(picture[16:20], "big") == int.from_bytes(picture[20:24], "big") == side * scale
            )


async def test_a_pass_says_what_the_ticket_says(shop: httpx2.AsyncClient) -> None:
    path, opens = await sell(shop, {"seats": ["A-1-1"]}, seat_map=SEATS)
    (ticket,) = (await shop.get(f"{path}/tickets", headers=opens)).json()["items"]
    made = json.loads((await files_of(shop, path, opens))["pass.json"])
    assert (made["passTypeIdentifier"], made["teamIdentifier"]) == (PASS_TYPE, TEAM)
    assert (made["formatVersion"], made["serialNumber"]) == (1, ticket["reference"])
    assert made["organizationName"] == made["logoText"] == "Saltmarsh"
    assert made["relevantDate"] == "2026-12-12T19:30:00+01:00", "by the venue's clock"
    assert [(code["format"], code["message"]) for code in made["barcodes"]] == [
        ("PKBarcodeFormatQR", ticket["code"])
    ]
    assert "voided" not in made
    shown = {each["key"]: each["value"] for fields in made["eventTicket"].values() for each in fields}
    assert shown["event"] == SHOWN["name"]
    assert shown["venue"] == SHOWN["venue"]
    assert shown["starts"] == made["relevantDate"]
    assert [shown[part] for part in ("section", "row", "seat")] == ["A", "1", "1"]
    assert shown["name"] == "Ada Lovelace"


async def test_every_text_of_a_pass_is_there_in_each_language(shop: httpx2.AsyncClient) -> None:
    """A phone shows the key itself for a text that is missing."""
    path, opens = await sell(shop, {"seats": ["A-1-1"]}, seat_map=SEATS, rehearsal=True)
    files = await files_of(shop, path, opens)
    made = json.loads(files["pass.json"])
    fields = [field for group in made["eventTicket"].values() for field in group]
    used = {field.get("label") for field in fields} | {field["value"] for field in fields}
    keys = {key for key in {*used, made["description"]} if key is not None and key.startswith("pass.")}
    strings = {language: files[f"{language}.lproj/pass.strings"].decode() for language in ("en", "de")}
    for text in strings.values():
        assert all(f'"{key}" = "' in text for key in keys)
    assert '"pass.row" = "Row";' in strings["en"]
    assert '"pass.row" = "Reihe";' in strings["de"]
    assert '"pass.about" = "Ticket für The \\"Paper\\" Lighthouse";' in strings["de"]
    assert '"pass.test" = "TEST: öffnet keine Tür";' in strings["de"]


async def test_a_ticket_without_a_date_a_venue_or_a_name_has_a_pass(shop: httpx2.AsyncClient) -> None:
    hold = await place(shop, await make_event(shop))
    booking = await confirm(shop, hold)
    opens = {"Hold-Token": hold["hold_token"]}
    made = json.loads((await files_of(shop, f"/v1/bookings/{booking['id']}", opens))["pass.json"])
    assert "relevantDate" not in made
    assert [field["key"] for field in made["eventTicket"]["secondaryFields"]] == []


async def test_a_pass_of_before_is_void_once_the_ticket_is_issued_again(shop: httpx2.AsyncClient) -> None:
    """Both have one serial number, so that a phone which has the old one replaces it."""
    path, opens = await sell(shop)
    old = json.loads((await files_of(shop, path, opens, "?revision=0"))["pass.json"])
    await shop.post(f"{path}/tickets/1/reissue", headers=opens)
    void = json.loads((await files_of(shop, path, opens, "?revision=0"))["pass.json"])
    new = json.loads((await files_of(shop, path, opens))["pass.json"])
    assert (void["voided"], "barcodes" in void) == (True, False)
    assert "voided" not in old
    assert "voided" not in new
    assert new["barcodes"] != old["barcodes"]
    assert {made["serialNumber"] for made in (old, void, new)} == {old["serialNumber"]}


@pytest.mark.parametrize("ends", ["booking", "event"])
async def test_a_pass_of_a_cancelled_booking_or_event_is_void(shop: httpx2.AsyncClient, ends: str) -> None:
    path, opens = await sell(shop)
    number = (await shop.get(path, headers=opens)).json()["event_number"]
    await shop.post(f"{path if ends == 'booking' else f'/v1/events/{number}'}/cancel")
    made = json.loads((await files_of(shop, path, opens))["pass.json"])
    assert (made["voided"], "barcodes" in made) == (True, False)


async def test_who_may_have_a_pass(shop: httpx2.AsyncClient, selling: Application) -> None:
    path, opens = await sell(shop)
    wallet = f"{path}/tickets/1/apple-wallet.pkpass"
    async with client_of(selling, peer="203.0.113.7") as guest:
        assert (await guest.get(wallet)).status_code == 401
        assert (await guest.get(wallet, headers={"Hold-Token": "x"})).json()["code"] == "booking_not_found"
        assert (await guest.get(wallet, headers=opens)).status_code == 200
    beyond = await shop.get(f"{path}/tickets/9/apple-wallet.pkpass", headers=opens)
    assert beyond.json()["code"] == "ticket_not_found"


async def test_without_a_certificate_there_are_no_passes(client: httpx2.AsyncClient) -> None:
    path, opens = await sell(client)
    answer = await client.get(f"{path}/tickets/1/apple-wallet.pkpass", headers=opens)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (
        answer.json()["detail"]
        == "This server makes no passes for this wallet: print the ticket, or show its code."
    )


async def test_a_certificate_that_has_ended_stops_the_passes_and_not_the_server(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "pass.pem").write_bytes(pass_chain(days=-1).file)
    async with (
        running_app(database_url, apple_wallet_certificate=tmp_path / "pass.pem") as layer,
        client_of(layer) as shop,
    ):
        path, opens = await sell(shop)
        answer = await shop.get(f"{path}/tickets/1/apple-wallet.pkpass", headers=opens)
        assert answer.status_code == 404


CHAIN = pass_chain()
WRONG = {
    "nothing": (b"", "a PEM file with a private key"),
    "no key": (CHAIN.own + CHAIN.issuer, "a PEM file with a private key"),
    "a key with a password": (pass_chain(password=b"secret").file, "without a password"),
    "no certificate": (CHAIN.key, "with certificates"),
    "another key's certificate": (CHAIN.key + CHAIN.issuer, "the certificate of its private key"),
    "no pass type": (pass_chain(pass_type="org.example").file, "certificate of a pass type"),
    "no issuer": (CHAIN.own + CHAIN.key, "Apple WWDR"),
    "another issuer": (pass_chain(issuer="stranger").file, "Apple WWDR"),
}


@pytest.mark.parametrize(("content", "complaint"), WRONG.values(), ids=WRONG)
def test_a_file_that_cannot_sign_says_what_it_lacks(content: bytes, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "pass.pem"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        load_pass_certificate(file)
