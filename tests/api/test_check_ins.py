"""Check-ins over `/v1`: each scan is recorded once, gets a verdict, and is explained in the log afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from holdfast.access.audit_jobs import KIND
from holdfast.door.decide import Why
from holdfast.http.application import Application
from holdfast.tickets.ticket import NoEntry
from scenarios.hostile.test_secrets import dump
from support.delivering import run_due, runner_of
from support.http_app import KeyedClient, delivery_of
from support.http_sales import SEATS, Json, confirm, make_event, outcome_of, place, pointers, token_of

AREAS = [{"name": "floor", "capacity": 300, "category": "standing"}]
AT = "2026-11-05T18:42:00Z"


async def sold(client: httpx2.AsyncClient, *lines: Json) -> tuple[Json, Json, list[str]]:
    """Book a seat and two admissions of an area, or these lines. Return the event, the booking and the codes."""
    event = await make_event(client, areas=AREAS, seat_map=SEATS, max_per_hold=None)
    hold = await place(
        client, event, *(lines or ({"seats": ["A-1-1"]}, {"quantity": 2, "area": "floor"})), buyer=None
    )
    booking = await confirm(client, hold)
    answer = await client.get(f"/v1/bookings/{booking['id']}/tickets?limit=200", headers=token_of(hold))
    return (
        event,
        {**booking, "hold_token": hold["hold_token"]},
        [one["code"] for one in answer.json()["items"]],
    )


def a_scan(seq: int, code: str, **given: object) -> Json:
    return {"seq": seq, "at": AT, "code": code, **given}


async def send(
    client: httpx2.AsyncClient, event: Json, *scans: Json, device: str = "door-a", **given: object
) -> list[Json]:
    body = {"device": device, "items": list(scans), **given}
    answer = await client.post(f"/v1/events/{event['number']}/check-ins", json=body)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def log_of(client: httpx2.AsyncClient, event: Json) -> list[Json]:
    """Return the log of an event, oldest first, page by page."""
    found: list[Json] = []
    cursor = ""
    while True:
        answer = await client.get(f"/v1/events/{event['number']}/check-ins?limit=3{cursor}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found[::-1]
        cursor = f"&cursor={answer.json()['next']}"


async def change(client: httpx2.AsyncClient, event: Json, **rules: object) -> Json:
    answer = await client.patch(f"/v1/events/{event['number']}/door", json=rules)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def said(items: list[Json]) -> list[tuple[str, str | None]]:
    return [(one["verdict"], one["why"]) for one in items]


async def test_a_ticket_comes_in_once_until_it_has_left(client: httpx2.AsyncClient) -> None:
    event, booking, codes = await sold(client)
    (first,) = await send(client, event, a_scan(1, codes[0], gate="Door A"))
    assert (first["verdict"], first["outcome"], first["number"]) == ("admitted", "recorded", 1)
    assert (first["ticket"], first["admission"]) == (f"{booking['reference']}-1", "A-1-1")
    (again,) = await send(client, event, a_scan(1, codes[0], gate="Door B"), device="door-b")
    assert (again["verdict"], again["why"]) == ("again", "already_in")
    assert again["earlier"] == {"direction": "in", "at": first["at"], "gate": "Door A"}
    out, back, floor = await send(
        client,
        event,
        a_scan(2, codes[0], direction="out"),
        a_scan(3, codes[0]),
        a_scan(4, codes[1]),
        device="door-b",
    )
    assert [out["verdict"], back["verdict"], floor["verdict"]] == ["left", "admitted", "admitted"]
    assert floor["admission"] == "floor"


async def test_a_repeat_is_recorded_once_and_has_the_same_answer(client: httpx2.AsyncClient) -> None:
    event, _, codes = await sold(client)
    before = await send(client, event, a_scan(1, codes[0]), a_scan(2, codes[0]))
    assert said(before) == [("admitted", None), ("again", "already_in")]
    await send(client, event, a_scan(3, codes[0], direction="out"))
    after = await send(client, event, a_scan(1, codes[0]), a_scan(2, codes[0]))
    assert [one.pop("outcome") for one in after] == ["repeated", "repeated"]
    assert after == [{name: one[name] for name in one if name != "outcome"} for one in before]
    assert len(await log_of(client, event)) == 3


async def test_a_number_of_a_device_names_one_scan(client: httpx2.AsyncClient) -> None:
    """A device that lost its count must not believe that its scan is recorded."""
    event, _, codes = await sold(client)
    first, other = await send(client, event, a_scan(1, codes[0]), a_scan(1, codes[1]))
    assert (first["outcome"], other["outcome"]) == ("recorded", "conflict")
    assert other["ticket"] == first["ticket"], "it is the recorded scan that is shown"
    assert len(await log_of(client, event)) == 1


async def test_two_doors_without_a_network_are_both_kept(client: httpx2.AsyncClient) -> None:
    event, _, codes = await sold(client)
    (first,) = await send(client, event, a_scan(1, codes[0], gate="Door A", shown=True))
    (second,) = await send(client, event, a_scan(1, codes[0], gate="Door B", shown=True), device="door-b")
    assert (first["verdict"], second["verdict"]) == ("admitted", "duplicate")
    assert second["earlier"]["gate"] == "Door A"
    log = await log_of(client, event)
    assert [(one["gate"], one["shown"], one["verdict"]) for one in log] == [
        ("Door A", True, "admitted"),
        ("Door B", True, "duplicate"),
    ]


async def test_doors_that_scan_one_ticket_at_once_admit_one_person(client: httpx2.AsyncClient) -> None:
    event, _, codes = await sold(client)
    answers = await asyncio.gather(
        *(send(client, event, a_scan(1, codes[0]), device=f"door-{each}") for each in range(8))
    )
    verdicts = sorted(items[0]["verdict"] for items in answers)
    assert verdicts == ["admitted", *["again"] * 7]
    assert [one["number"] for one in await log_of(client, event)] == [*range(1, 9)]


async def test_what_lets_nobody_in_is_recorded_with_its_reason(client: httpx2.AsyncClient) -> None:
    event, booking, codes = await sold(client)
    _, _, of_other = await sold(client)
    path = f"/v1/bookings/{booking['id']}/tickets/2/reissue"
    renewed = await client.post(path, headers=token_of(booking))
    found = await send(
        client,
        event,
        a_scan(1, "4006381333931"),
        a_scan(2, of_other[0]),
        a_scan(3, codes[1]),
        a_scan(4, renewed.json()["code"]),
        a_scan(5, codes[0]),
    )
    assert said(found) == [
        ("unknown", "not_ours"),
        ("wrong_event", "other_event"),
        ("void", "reissued"),
        ("admitted", None),
        ("admitted", None),
    ]
    assert [one["ticket"] is None for one in found] == [True, True, False, False, False]
    await client.post(f"/v1/bookings/{booking['id']}/cancel", headers=token_of(booking))
    found = await send(
        client, event, a_scan(6, codes[0]), a_scan(7, codes[0], direction="out"), a_scan(8, codes[2])
    )
    assert said(found) == [("void", "booking_cancelled"), ("left", None), ("void", "booking_cancelled")]
    assert len(await log_of(client, event)) == 8


async def test_a_returned_ticket_lets_nobody_in(client: httpx2.AsyncClient) -> None:
    """The door did not know this reason. Its answer was 503, for an unexpected error."""
    event, booking, codes = await sold(client)
    lines = {"lines": [{"seats": ["A-1-1"]}]}
    answer = await client.post(f"/v1/bookings/{booking['id']}/cancel", json=lines, headers=token_of(booking))
    assert answer.status_code == 200, answer.text
    found = await send(client, event, a_scan(1, codes[0]), a_scan(2, codes[1]))
    assert said(found) == [("void", "returned"), ("admitted", None)]


def test_the_door_knows_every_reason_of_a_ticket() -> None:
    assert {each.value for each in NoEntry} <= {each.value for each in Why}


async def test_a_list_has_its_own_tickets_hours_and_entries(client: httpx2.AsyncClient) -> None:
    event, _, codes = await sold(client)
    lists = [
        {"name": "Seats", "categories": ["stalls"]},
        {"name": "Day two", "opens_at": "2026-11-06T18:00:00Z"},
    ]
    changed = await change(client, event, lists=lists)
    assert [one["name"] for one in changed["lists"]] == ["Seats", "Day two"]
    found = await send(
        client,
        event,
        a_scan(1, codes[0], list="Seats"),
        a_scan(2, codes[1], list="Seats"),
        a_scan(3, codes[0], list="Day two"),
        a_scan(4, codes[0]),
        a_scan(5, codes[0], list="Press"),
        a_scan(6, codes[0], list="Seats"),
    )
    assert said(found) == [
        ("admitted", None),
        ("not_on_list", "other_admission"),
        ("not_on_list", "too_early"),
        ("admitted", None),
        ("not_on_list", "list_unknown"),
        ("again", "already_in"),
    ]


@pytest.mark.parametrize(
    ("rule", "verdict"), [("never", "again"), ("after_exit", "admitted"), ("always", "admitted")]
)
async def test_the_rule_of_re_entry_decides_for_who_has_left(
    client: httpx2.AsyncClient, rule: str, verdict: str
) -> None:
    event, _, codes = await sold(client)
    await change(client, event, re_entry=rule)
    found = await send(
        client, event, a_scan(1, codes[0]), a_scan(2, codes[0], direction="out"), a_scan(3, codes[0])
    )
    assert [one["verdict"] for one in found] == ["admitted", "left", verdict]


async def test_the_clock_of_a_device_is_corrected(client: httpx2.AsyncClient) -> None:
    """A phone that is a day behind, or ahead: each scan has its age, and none is in the future."""
    event, _, codes = await sold(client)
    now = datetime.now(UTC)
    for seq, off in enumerate((timedelta(days=-1), timedelta(days=1)), 1):
        sent = now + off
        scan = a_scan(seq, codes[0]) | {"at": (sent - timedelta(minutes=10)).isoformat()}
        (one,) = await send(client, event, scan, sent_at=sent.isoformat())
        age = datetime.fromisoformat(one["recorded_at"]) - datetime.fromisoformat(one["at"])
        assert abs(age - timedelta(minutes=10)) < timedelta(milliseconds=1)
        assert one["device_at"].startswith((sent - timedelta(minutes=10)).isoformat()[:19])
    (ahead,) = await send(client, event, a_scan(3, codes[0]) | {"at": (now + timedelta(days=1)).isoformat()})
    assert ahead["at"] == ahead["recorded_at"]


async def test_the_gates_are_counted(client: httpx2.AsyncClient) -> None:
    event, _, codes = await sold(client)
    fresh = (await client.get(f"/v1/events/{event['number']}/door")).json()
    assert (fresh["re_entry"], fresh["lists"], fresh["counts"], fresh["log_number"]) == (
        "after_exit",
        [],
        [],
        0,
    )
    await send(client, event, a_scan(1, codes[0], gate="A"), a_scan(2, codes[1], gate="A"), a_scan(3, "x"))
    await send(client, event, a_scan(1, codes[0], gate="B", shown=True), device="door-b")
    await send(client, event, a_scan(2, codes[1], gate="B", direction="out"), device="door-b")
    found = (await client.get(f"/v1/events/{event['number']}/door")).json()
    assert found["log_number"] == 5
    assert [
        (one["gate"], one["admitted"], one["out"], one["refused"], one["duplicates"])
        for one in found["counts"]
    ] == [(None, 0, 0, 1, 0), ("A", 2, 0, 0, 0), ("B", 0, 1, 1, 1)]


async def test_a_change_of_the_rules_is_in_the_audit_once(
    app: Application, client: httpx2.AsyncClient
) -> None:
    event, _, _ = await sold(client)
    for _ in range(2):
        await change(client, event, re_entry="never")
    jobs = delivery_of(app).jobs
    for _ in range(2):
        await run_due(runner_of(delivery_of(app)))
        for job in await jobs.list_jobs(kind=KIND, limit=10):
            assert await jobs.retry(job.id)
    (entry,) = (await client.get("/v1/audit?action=door.changed")).json()["items"]
    assert (entry["object"], entry["principal"]) == (f"event:{event['number']}", "open")
    assert '"never"' in entry["detail"]["rules"]


async def test_lists_of_one_name_are_refused(client: httpx2.AsyncClient) -> None:
    event, _, _ = await sold(client)
    path = f"/v1/events/{event['number']}/door"
    refused = await client.patch(path, json={"lists": [{"name": "A"}, {"name": "A"}]})
    assert pointers(refused) == [("/lists", "not_allowed")]


async def test_the_log_has_no_code_and_no_other_organisation_reads_it(
    client: httpx2.AsyncClient, keyed_client: KeyedClient, database_url: str
) -> None:
    event, _, codes = await sold(client)
    await send(client, event, *(a_scan(seq, code) for seq, code in enumerate(codes, 1)))
    assert [code for code in codes if code in dump(database_url)] == []
    for path in ("check-ins", "check-in-list", "door"):
        door = await keyed_client("door")
        assert (await door.get(f"/v1/events/{event['number']}/{path}")).status_code == 200
        stranger = await keyed_client("door", organisation=2)
        refused = await stranger.get(f"/v1/events/{event['number']}/{path}")
        assert outcome_of(refused) == (404, "event_not_found")
