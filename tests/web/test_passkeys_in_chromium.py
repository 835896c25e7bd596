"""Passkeys in a browser: Chromium's own objects reach the API, and its virtual device signs in without a password."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.browser import CHROMIUM, chromium
from support.fixtures import open_folder
from support.serving import Serving

__all__ = ["open_folder"]

CEREMONY = """
(async () => {
  const send = async (path, body, method = "POST") => {
    const given = {method, headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)};
    const answer = await fetch(path, given);
    if (!answer.ok) throw new Error(path + ": " + await answer.text());
    return answer.json();
  };
  const password = "four different words here";
  await send("/v1/setup", {token: TOKEN, name: "Olga", email: "olga@example.org", password});
  const options = await send("/v1/me/passkey-options", {password});
  const made = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
  });
  const added = await send("/v1/me/passkeys", {name: "Laptop", credential: made.toJSON()});
  await send("/v1/sessions/current", undefined, "DELETE");
  const asked = await send("/v1/sessions/passkey/options");
  const used = await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked),
  });
  const me = await send("/v1/sessions/passkey", {credential: used.toJSON()});
  return {added, me};
})()
"""


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_signs_in_with_a_passkey(open_folder: Path, tmp_path: Path) -> None:
    printed, its_output = os.pipe()
    with os.fdopen(printed) as lines, Serving(open_folder / "data", stdout=its_output) as server:
        os.close(its_output)
        token = lines.readline().strip().partition("#")[2]
        with chromium(tmp_path / "profile") as browser:
            browser.add_authenticator()
            browser.open(f"http://localhost:{server.port}/setup")
            found = browser.run(CEREMONY.replace("TOKEN", f"'{token}'"))
        assert found["added"]["name"] == "Laptop"
        assert found["me"]["account"]["email"] == "olga@example.org"
        assert found["me"]["current"]["role"] == "owner"
