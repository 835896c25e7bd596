"""*Authorize* on `/docs`, in Chromium: each flow of the document gets a token, and a call with it goes through.

The kind: a flow that the OpenAPI document offers. A test holds that these are all of them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx2
import pytest

from holdfast.http.openapi import _SECURITY_SCHEMES
from support.browser import CHROMIUM, Browser, chromium
from support.fixtures import open_folder
from support.serving import Serving, run_holdfast

__all__ = ["open_folder"]

OWNER = {"name": "Olga", "email": "olga@example.org", "password": "four different words here"}
HELPERS = """
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
const type = (input, text) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
  input.dispatchEvent(new Event("input", { bubbles: true }));
};
const flowOf = (one) => all(".flow code", one).map((each) => each.textContent).join();
const flow = (name) => all(".auth-container").find((one) => flowOf(one) === name);
const field = (name, input) => all(`input[data-name=${input}]`, flow(name))[0];
const operation = (id) => document.querySelector(`[id$="-${id}"].opblock`);
Object.assign(window, { all, type, flow, field, operation }) && true;
"""


def ready(browser: Browser, docs: str) -> None:
    """Load the page, and open its dialogue of credentials."""
    browser.open(docs)
    browser.run(HELPERS)
    browser.wait_for("all('.auth-wrapper .authorize').length > 0 && operation('list_bookings')")
    browser.run("all('.auth-wrapper .authorize')[0].click()")
    browser.wait_for("all('.auth-container').length > 0")


def authorize(browser: Browser, flow: str, **fields: str) -> None:
    """Fill in a flow and send it. Fails with the words of the page if the server refuses."""
    for name, text in fields.items():
        browser.run(f"type(field('{flow}', '{name}'), {json.dumps(text)})")
    browser.run(f"all('button.authorize', flow('{flow}'))[0].click()")
    browser.wait_for(
        f"all('.errors', flow('{flow}')).length > 0 || flow('{flow}').textContent.includes('Logout')"
    )
    assert browser.run(f"all('.errors', flow('{flow}')).map((one) => one.textContent).join()") == ""
    browser.run("all('.btn-done')[0].click()")


def call(browser: Browser, operation: str) -> str:
    """Try an operation out, and return the status of its answer."""
    browser.run(f"all('.opblock-summary-control', operation('{operation}'))[0].click()")
    for button in ("try-out__btn", "execute"):
        browser.wait_for(f"all('.{button}', operation('{operation}')).length > 0")
        browser.run(f"all('.{button}', operation('{operation}'))[0].click()")
    status = f"all('.live-responses-table .response-col_status', operation('{operation}'))"
    browser.wait_for(f"{status}.some((one) => /[0-9]/.test(one.textContent))")
    found: str = browser.run(f"{status}.map((one) => one.textContent).join(' ')")
    return found


def test_both_flows_of_the_document_are_tried() -> None:
    assert set(_SECURITY_SCHEMES["OAuth2"]["flows"]) == {"password", "clientCredentials"}


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_call_with_a_token_of_either_flow_goes_through(open_folder: Path, tmp_path: Path) -> None:
    printed, its_output = os.pipe()
    with os.fdopen(printed) as lines, Serving(open_folder / "data", stdout=its_output) as server:
        os.close(its_output)
        own = f"http://127.0.0.1:{server.port}"
        token = lines.readline().partition("#")[2].strip()
        made = httpx2.post(f"{own}/v1/setup", json={"token": token, **OWNER})
        assert made.status_code == 201, made.text
        created = run_holdfast(
            "keys", "create", "tool", "--scope", "organise", "--json", data_dir=str(server.data_dir)
        )
        _, key_id, secret = json.loads(created.stdout)["key"].split("_", 2)
        with chromium(tmp_path / "profile") as browser:
            ready(browser, f"{own}/docs")
            browser.run("all('.btn-done')[0].click()")
            assert "401" in call(browser, "list_bookings")

            ready(browser, f"{own}/docs")
            authorize(browser, "clientCredentials", clientId=key_id, clientSecret=secret)
            assert "200" in call(browser, "list_bookings")

            ready(browser, f"{own}/docs")
            authorize(browser, "password", username=OWNER["email"], password=OWNER["password"])
            assert "200" in call(browser, "get_me")
