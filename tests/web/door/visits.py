"""Visits of a door in Chromium: tickets, scans, and what the page says."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from support.browser import Browser

__all__ = ["log_of", "make_tickets", "open_door", "scan", "sell", "shown", "void_booking"]

Json = dict[str, Any]


def make_tickets(url: str, quantity: int, *, capacity: int = 100) -> tuple[int, list[str], str]:
    """Make an event, and sell tickets of it. Return the event's number, the codes and the booking."""
    areas = [{"name": "floor", "capacity": capacity}]
    event = httpx2.post(f"{url}/v1/events", json={"name": "Organ night", "areas": areas}).json()
    codes, booking = sell(url, event["number"], quantity)
    return event["number"], codes, booking


def sell(url: str, event: int, quantity: int) -> tuple[list[str], str]:
    hold = httpx2.post(f"{url}/v1/holds", json={"event": event, "lines": [{"quantity": quantity}]}).json()
    body = {"hold": hold["id"], "hold_token": hold["hold_token"]}
    booking = httpx2.post(f"{url}/v1/bookings", json=body).json()
    headers = {"Hold-Token": hold["hold_token"]}
    answer = httpx2.get(f"{url}/v1/bookings/{booking['id']}/tickets?limit=200", headers=headers)
    return [one["code"] for one in answer.json()["items"]], booking["id"]


def void_booking(url: str, booking: str) -> None:
    httpx2.post(f"{url}/v1/bookings/{booking}/cancel").raise_for_status()


def open_door(browser: Browser, url: str, event: int, *, gate: str = "") -> None:
    """Open the page, and wait until its list is there and it could be opened without a network."""
    browser.open(f"{url}/door/{event}")
    browser.wait_for("document.querySelector('#door').dataset.list === 'fresh'")
    browser.run("navigator.serviceWorker.ready.then(() => true)")
    browser.wait_for("navigator.serviceWorker.controller !== null")
    if gate:
        browser.run(
            f"{{ const gate = document.querySelector('#gate'); gate.value = {json.dumps(gate)};"
            " gate.dispatchEvent(new Event('change')) }"
        )


def scan(browser: Browser, code: str) -> str:
    """Type a code as a hand-scanner does. Return the word of the verdict."""
    browser.run("document.querySelector('#verdict').replaceChildren()")
    browser.run(
        f"document.querySelector('#code').value = {json.dumps(code)};"
        "document.querySelector('#scan').requestSubmit()"
    )
    browser.wait_for("document.querySelector('#verdict .verdict-word') !== null")
    return str(browser.run("document.querySelector('#verdict .verdict-word').textContent"))


def shown(browser: Browser, selector: str) -> str:
    """Return the text of a part that is seen; empty if it is hidden."""
    return str(
        browser.run(
            f"{{ const found = document.querySelector({json.dumps(selector)});"
            " found.closest('[hidden]') ? '' : found.textContent }"
        )
    )


def log_of(url: str, event: int) -> list[Json]:
    """Return the log of an event, oldest first."""
    found: list[Json] = []
    query = "?limit=200"
    while True:
        answer = httpx2.get(f"{url}/v1/events/{event}/check-ins{query}").json()
        found += answer["items"]
        if answer["next"] is None:
            return found[::-1]
        query = f"?limit=200&cursor={answer['next']}"
