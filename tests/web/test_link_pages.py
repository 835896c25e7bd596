"""Link pages in a browser: the secret behind `#` reaches the API once, and no address that a server sees."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx2
import pytest

from holdfast.access import letters
from holdfast.access.permissions import Role
from holdfast.api.catalogue import all_endpoints
from holdfast.web.link_pages import LINKS
from support.browser import CHROMIUM, chromium
from support.fixtures import open_folder
from support.serving import Serving

__all__ = ["open_folder"]


def test_every_link_of_a_letter_has_a_page() -> None:
    made = [
        letters.invitation("a@example.org", "Main", Role.OWNER),
        letters.sign_up("a@example.org"),
        letters.password_reset("a@example.org"),
        letters.sign_in_link("a@example.org"),
        letters.address_change("a@example.org"),
    ]
    paths = {letter.link.path for letter in made if letter.link is not None}
    assert paths | {"/setup"} == {link.path for link in LINKS}


def test_every_page_sends_to_a_route_that_takes_its_fields() -> None:
    posts = {one.path: one for one in all_endpoints() if one.method == "POST"}
    for link in LINKS:
        endpoint = posts[f"/{link.target}"]
        members = set(endpoint.body_annotation.model_fields)
        assert {field.name for field in link.fields} | {"token"} <= members, link.path


async def test_a_page_without_a_script_cannot_send_a_password(client: httpx2.AsyncClient) -> None:
    for link in LINKS:
        page = (await client.get(link.path)).text
        assert re.search(r'<button [^>]*type="submit" disabled>', page)
        assert 'method="post"' in page
        assert "<noscript>" in page


async def test_passwords_are_masked_and_left_to_managers(client: httpx2.AsyncClient) -> None:
    """A browser hides what is typed, and lets a manager fill it in or paste it."""
    found = 0
    for path in (*(link.path for link in LINKS), "/account/sign-in", "/account/sign-up"):
        page = (await client.get(path)).text
        assert "onpaste" not in page
        for tag in re.findall(r"<input [^>]*name=\"password\"[^>]*>", page):
            assert 'type="password"' in tag
            assert re.search(r'autocomplete="(new|current)-password"', tag)
            found += 1
    assert found >= 5


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_printed_link_of_the_first_start_makes_the_first_owner(open_folder: Path, tmp_path: Path) -> None:
    printed, its_output = os.pipe()
    with os.fdopen(printed) as lines, Serving(open_folder / "data", stdout=its_output) as server:
        os.close(its_output)
        own = f"http://127.0.0.1:{server.port}"
        link = lines.readline().removeprefix("Set up: ").strip()
        assert link.startswith(f"{own}/setup#")
        with chromium(tmp_path / "profile") as browser:
            browser.open(f"{own}/setup")
            browser.wait_for("document.querySelector('.banner-title').textContent.includes('not complete')")
            assert browser.run("document.querySelector('[type=submit]').disabled")

            browser.open("about:blank")
            browser.open(link)
            for name, text in (("name", "Olga"), ("email", "olga@example.org"), ("password", "short")):
                browser.run(f"document.querySelector('#{name}').value = '{text}'")
            browser.run("document.querySelector('form').requestSubmit()")
            browser.wait_for("document.querySelector('.banner-bad') !== null")

            browser.run("document.querySelector('#password').value = 'four different words here'")
            browser.run("document.querySelector('form').requestSubmit()")
            browser.wait_for("document.querySelector('.banner-good') !== null")
            assert browser.run("location.href") == f"{own}/setup"
            assert not browser.run("document.body.innerText.includes('You become its first owner')")
            assert browser.run("document.querySelector('#next a').pathname") == "/organise"
            found = browser.run(f"fetch('{own}/v1/me').then((answer) => answer.json())")
        assert found["account"]["email"] == "olga@example.org"
        assert "events:write" in found["permissions"]
