"""Three doors in Chromium with random cuts, lost answers, killed tabs and wrong clocks. The log must explain it all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2

from benchmarks.doors.judge import ShownScan
from support.browser import Browser
from support.cut_network import CutNetwork

__all__ = ["OPEN", "SoakDoor", "known_of", "prepare", "run_soak", "sell_tickets"]

Json = dict[str, Any]
BATCH = 40
PER_BOOKING = 50
_DAY = 86_400_000
_CLOCK = (
    "{ const Real = Date, off = %d; globalThis.Date = class extends Real {"
    " constructor(...given) { given.length ? super(...given) : super(Real.now() + off) }"
    " static now() { return Real.now() + off } } }"
)
"""A device whose clock is wrong by this number of milliseconds."""
_SCANS = """window.soak = async (scans) => {
  const door = document.querySelector("#door"), shown = [];
  const once = () => new Promise((done) => new MutationObserver((_, watch) => { watch.disconnect(); done(); })
    .observe(door, { attributes: true, attributeFilter: ["data-answered"] }));
  for (const [code, direction] of scans) {
    document.querySelector("#direction").value = direction;
    document.querySelector("#code").value = code;
    const answered = once();
    document.querySelector("#scan").requestSubmit();
    await answered;
    const screen = document.querySelector("#verdict");
    shown.push([Number(door.dataset.answered), screen.className.includes("verdict-ok")]);
  }
  return shown;
}"""
OPEN = "document.querySelector('#door').dataset.ready === 'true'"
_DATA = "document.querySelector('#door').dataset"
_SETTLED = f"{_DATA}.unsent === '0' && !{_DATA}.trouble"
_KNOWN = """new Promise((done) => { const opening = indexedDB.open("holdfast-door"); opening.onsuccess = () => {
  const about = opening.result.transaction("about").objectStore("about"), seq = about.get("seq");
  about.get("device").onsuccess = (event) => {
    opening.result.close();
    done({ seq: seq.result ?? 0, device: event.target.result });
  };
}; })"""


@dataclass
class SoakDoor:
    """One door: its tab, its network, and what its page has shown in batches that a kill did not end."""

    gate: str
    network: CutNetwork
    tab: str | None = None
    shown: list[ShownScan] = field(default_factory=list)
    tried: int = 0
    kills: int = 0


def sell_tickets(url: str, quantity: int) -> tuple[int, dict[str, str]]:
    """Sell tickets of a new event. Return its number, and the reference of each code."""
    body = {
        "name": "Organ night",
        "max_per_hold": PER_BOOKING,
        "areas": [{"name": "floor", "capacity": quantity}],
    }
    with httpx2.Client(base_url=url, timeout=60) as client:
        event = client.post("/v1/events", json=body).raise_for_status().json()["number"]
        codes: dict[str, str] = {}
        while len(codes) < quantity:
            wanted = min(PER_BOOKING, quantity - len(codes))
            hold = client.post("/v1/holds", json={"event": event, "lines": [{"quantity": wanted}]}).json()
            confirmed = {"hold": hold["id"], "hold_token": hold["hold_token"]}
            booking = client.post("/v1/bookings", json=confirmed).raise_for_status().json()
            path = f"/v1/bookings/{booking['id']}/tickets?limit=200"
            answer = client.get(path, headers={"Hold-Token": hold["hold_token"]})
            codes |= {one["code"]: one["reference"] for one in answer.json()["items"]}
    return event, codes


def prepare(browser: Browser, doors: Sequence[SoakDoor], event: int) -> None:
    """Open each door once while there is a network, in a tab of its own."""
    for door in doors:
        door.tab = browser.new_tab()
        browser.open(f"{door.network.url}/door/{event}")
        browser.wait_for("document.querySelector('#door').dataset.list === 'fresh'")
        browser.wait_for("navigator.serviceWorker.controller !== null")
        gate = json.dumps(door.gate)
        browser.run(
            f"{{ const gate = document.querySelector('#gate'); gate.value = {gate};"
            " gate.dispatchEvent(new Event('change')) }"
        )
        browser.run(_SCANS)


def run_soak(
    browser: Browser,
    doors: Sequence[SoakDoor],
    event: int,
    codes: Sequence[str],
    *,
    scans: int,
    random: Random,
) -> None:
    """Scan at random doors, while each network comes and goes and tabs die; at last let all of them settle."""
    done = 0
    while done < scans:
        door = random.choice(doors)
        _change_network(door.network, random)
        browser.turn_to(door.tab)
        batch = [
            (_code(codes, random), random.choice(["in", "in", "in", "out"]))
            for _ in range(min(BATCH, scans - done))
        ]
        done += len(batch)
        door.tried += len(batch)
        browser.run(f"window.batch = window.soak({json.dumps(batch)}).then((all) => (window.done = all)); 0")
        if random.random() < 0.1:
            for _ in range(random.randrange(30)):  # some moments, as many as these questions take
                browser.run("0")
            _kill(browser, door, event, random)
            continue
        browser.wait_for("window.done")
        shown = browser.run("{ const all = window.done; window.done = null; all }")
        door.shown += [
            ShownScan(seq=seq, code=code, direction=direction, passed=passed)
            for (code, direction), (seq, passed) in zip(batch, shown, strict=True)
        ]
    for door in doors:
        door.network.loses_answers = False
        door.network.restore()
    for door in doors:
        browser.turn_to(door.tab)
        browser.wait_for(_SETTLED)


def known_of(browser: Browser, door: SoakDoor) -> tuple[str, int]:
    """Return the device's name, and the number of its last scan."""
    browser.turn_to(door.tab)
    found = browser.run(_KNOWN)
    return found["device"], found["seq"]


def _code(codes: Sequence[str], random: Random) -> str:
    return "4006381333931" if random.random() < 0.02 else random.choice(codes)


def _change_network(network: CutNetwork, random: Random) -> None:
    drawn = random.random()
    if drawn < 0.25:
        network.cut()
    elif drawn < 0.6:
        network.restore()
    network.loses_answers = drawn > 0.93


def _kill(browser: Browser, door: SoakDoor, event: int, random: Random) -> None:
    """Kill the tab in the middle of its work, and open another. The clock of the device jumps meanwhile."""
    killed = door.tab
    door.kills += 1
    door.tab = browser.new_tab()
    browser.kill_tab(killed)
    browser.before_scripts(_CLOCK % random.randrange(-2 * _DAY, 2 * _DAY))
    browser.open(f"{door.network.url}/door/{event}")
    browser.wait_for(OPEN)
    browser.run(_SCANS)
