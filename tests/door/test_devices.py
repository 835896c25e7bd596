"""Three devices with random cuts, lost answers and wrong clocks: nothing lost, nothing doubled, all explained.

A device here is the smallest one that keeps the rules of the guide. It writes each scan to its log first, decides
alone while it has no network, and keeps a scan until the server has answered it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import httpx2
import pytest

from holdfast.door.decide import (
    MOVEMENTS,
    Direction,
    DoorRules,
    Movement,
    Scan,
    ScannedTicket,
    ScanVerdict,
    decide_check_in,
)
from support.http_sales import Json, confirm, make_event, place, token_of

TICKETS = 12
ROUNDS = 60
BATCH = 7


@dataclass
class Device:
    """A phone at a door. `off` is how wrong its clock is."""

    name: str
    off: timedelta
    unsent: list[Json] = field(default_factory=list)
    known: dict[str, Movement] = field(default_factory=dict)
    answered: dict[int, Json] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    seq: int = 0

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.off

    def scan(self, code: str, direction: Direction) -> None:
        """Scan without asking the server, and let the person pass if what is known allows it."""
        at = self.clock()
        entry = decide_check_in(
            Scan(direction=direction, at=at), ScannedTicket(), DoorRules(), self.known.get(code)
        )
        passed = entry.verdict in MOVEMENTS
        if passed:
            self.known[code] = Movement(direction=direction, at=at, gate=self.name)
        self.seq += 1
        if not passed:
            self.refused.add(self.seq)
        self.unsent.append(
            {
                "seq": self.seq,
                "at": at.isoformat(),
                "code": code,
                "direction": direction.value,
                "gate": self.name,
                "shown": passed,
                "refused": not passed,
            }
        )

    async def settle(self, client: httpx2.AsyncClient, path: str, random: Random) -> None:
        """Send the oldest scans. The request may not arrive, and the answer may be lost."""
        batch = self.unsent[:BATCH]
        if not batch or random.random() < 0.3:
            return
        body = {"device": self.name, "sent_at": self.clock().isoformat(), "items": batch}
        answer = await client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        if random.random() < 0.4:
            return
        items = answer.json()["items"]
        assert {one["outcome"] for one in items} <= {"recorded", "repeated"}
        self.answered |= {one["seq"]: one for one in items}
        self.unsent = [one for one in self.unsent if one["seq"] not in self.answered]


async def codes_of(client: httpx2.AsyncClient, event: Json) -> list[str]:
    hold = await place(client, event, {"quantity": TICKETS})
    booking = await confirm(client, hold)
    answer = await client.get(f"/v1/bookings/{booking['id']}/tickets?limit=200", headers=token_of(hold))
    return [one["code"] for one in answer.json()["items"]]


async def log_of(client: httpx2.AsyncClient, path: str) -> list[Json]:
    found: list[Json] = []
    query = "?limit=200"
    while True:
        answer = (await client.get(path + query)).json()
        found += answer["items"]
        if answer["next"] is None:
            return found[::-1]
        query = f"?limit=200&cursor={answer['next']}"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_is_lost_and_nothing_is_doubled(client: httpx2.AsyncClient, seed: int) -> None:
    random = Random(seed)
    event = await make_event(client, capacity=50, max_per_hold=None)
    codes, path = await codes_of(client, event), f"/v1/events/{event['number']}/check-ins"
    devices = [
        Device("door-a", timedelta(0)),
        Device("door-b", timedelta(hours=-26)),
        Device("door-c", timedelta(days=3)),
    ]
    begun = datetime.now(UTC)
    for _ in range(ROUNDS):
        device = random.choice(devices)
        device.scan(random.choice(codes), random.choice([Direction.IN, Direction.IN, Direction.OUT]))
        await random.choice(devices).settle(client, path, random)
    for device in devices:
        while device.unsent:
            await device.settle(client, path, random)
    log = await log_of(client, path)

    counted = Counter((one["device"], one["seq"]) for one in log)
    assert counted == Counter({(each.name, seq): 1 for each in devices for seq in range(1, each.seq + 1)})
    assert [one["number"] for one in log] == [*range(1, ROUNDS + 1)]
    for one in log:
        (device,) = (each for each in devices if each.name == one["device"])
        given = {name: one[name] for name in one if name != "outcome"}
        assert {name: device.answered[one["seq"]][name] for name in given} == given
        assert begun - timedelta(seconds=1) <= datetime.fromisoformat(one["at"]) <= datetime.now(UTC)
    refused = {(each.name, one) for each in devices for one in each.refused}
    _explained(log, refused)


def _explained(log: list[Json], refused: set[tuple[str, int]]) -> None:
    """Each verdict follows from the movements before it, and names the one that speaks against it."""
    last: dict[str, Json] = {}
    for one in log:
        before = last.get(one["ticket"])
        is_in = before is not None and before["direction"] == "in"
        if one["direction"] == "out":
            wanted = ScanVerdict.LEFT if is_in else ScanVerdict.NOT_IN
        elif is_in:
            wanted = ScanVerdict.DUPLICATE if one["shown"] else ScanVerdict.AGAIN
        else:
            wanted = ScanVerdict.ADMITTED
        if wanted in MOVEMENTS and (one["device"], one["seq"]) in refused:
            wanted = ScanVerdict.REFUSED  # the device has let nobody pass, so nobody has moved
        assert one["verdict"] == wanted
        if wanted in MOVEMENTS:
            last[one["ticket"]] = one
        elif before is not None:
            assert one["earlier"] == {name: before[name] for name in ("direction", "at", "gate")}
