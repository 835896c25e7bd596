"""Tickets over `/v1`: one for each admission, void when its sale is undone, and issued again with another code."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest

from holdfast.access.audit_jobs import KIND
from holdfast.http.application import Application
from scenarios.hostile.test_secrets import dump
from support.delivering import run_due, runner_of
from support.http_app import KeyedClient, delivery_of
from support.http_sales import SEATS, Json, confirm, make_event, outcome_of, place, token_of

AREAS = [{"name": "floor", "capacity": 300, "category": "standing"}]


async def booked(client: httpx2.AsyncClient, *lines: Json, **event: object) -> tuple[Json, Json]:
    """Book these lines of a new event with seats and an area. Return the hold and the booking."""
    made = await make_event(client, areas=AREAS, seat_map=SEATS, max_per_hold=None, **event)
    hold = await place(
        client, made, *(lines or ({"seats": ["A-1-2", "A-1-1"]}, {"quantity": 2, "area": "floor"}))
    )
    return hold, await confirm(client, hold)


async def tickets_of(client: httpx2.AsyncClient, hold: Json, booking: Json, query: str = "") -> Json:
    answer = await client.get(f"/v1/bookings/{booking['id']}/tickets{query}", headers=token_of(hold))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def check(client: httpx2.AsyncClient, event: int, code: str) -> tuple[str, str | None, str | None]:
    """Return verdict, reason and the ticket's reference."""
    answer = await client.post(f"/v1/events/{event}/tickets/check", json={"code": code})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["ticket"] is None or "code" not in found["ticket"], "a door learns no code"
    return found["verdict"], found["reason"], (found["ticket"] or {}).get("reference")


async def reissue(client: httpx2.AsyncClient, hold: Json, booking: Json, number: int, key: str = "") -> Json:
    headers = token_of(hold) | ({"Idempotency-Key": key} if key else {})
    answer = await client.post(f"/v1/bookings/{booking['id']}/tickets/{number}/reissue", headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_each_admission_has_a_ticket(client: httpx2.AsyncClient):
    """Seats come in the order of the request, then an area's admissions, one by one."""
    hold, booking = await booked(client)
    page = await tickets_of(client, hold, booking)
    assert page["next"] is None
    found = page["items"]
    assert [(one["number"], one["of"], one["status"], one["revision"]) for one in found] == [
        (number, 4, "valid", 0) for number in (1, 2, 3, 4)
    ]
    assert [one["reference"] for one in found] == [
        f"{booking['reference']}-{number}" for number in (1, 2, 3, 4)
    ]
    seat = {"label": "A-1-2", "section": "A", "row": "1", "name": None}
    assert (found[0]["seat"], found[0]["category"], found[0]["area"]) == (seat, "stalls", None)
    assert [(one["seat"] or {}).get("label") for one in found] == ["A-1-2", "A-1-1", None, None]
    assert [(one["area"], one["category"]) for one in found[2:]] == [("floor", "standing")] * 2
    assert len({one["code"] for one in found}) == 4
    assert (await tickets_of(client, hold, booking))["items"] == found, "they are the same at every read"


async def test_a_large_booking_is_read_in_pages(client: httpx2.AsyncClient):
    """No limit but a page's own: a booking may have a million admissions, and each code takes its time."""
    hold, booking = await booked(client, {"quantity": 300, "area": "floor"})
    first = await tickets_of(client, hold, booking, "?limit=200")
    rest = await tickets_of(client, hold, booking, f"?limit=200&cursor={first['next']}")
    numbers = [one["number"] for one in [*first["items"], *rest["items"]]]
    assert numbers == list(range(1, 301))
    assert rest["next"] is None
    assert len((await tickets_of(client, hold, booking))["items"]) == 50
    other, another = await booked(client, {"quantity": 3, "area": "floor"})
    answer = await client.get(
        f"/v1/bookings/{another['id']}/tickets?cursor={first['next']}", headers=token_of(other)
    )
    assert outcome_of(answer) == (422, "invalid_input"), "a cursor belongs to its booking"


class TestWhoOpensThem:
    async def test_the_token_and_staff_do(self, guest: httpx2.AsyncClient, keyed_client: KeyedClient):
        organiser = await keyed_client("organise")
        hold, booking = await booked(organiser)
        path = f"/v1/bookings/{booking['id']}/tickets"
        assert (await guest.get(path, headers=token_of(hold))).status_code == 200
        assert (await organiser.get(path)).status_code == 200
        assert outcome_of(await guest.get(path)) == (401, "credentials_required")
        wrong = {"Hold-Token": hold["hold_token"][:-1] + ("A" if hold["hold_token"][-1] != "A" else "B")}
        assert outcome_of(await guest.get(path, headers=wrong)) == (404, "booking_not_found")

    @pytest.mark.parametrize("scope", ["read", "sell", "door", "money"])
    async def test_other_keys_do_not(self, keyed_client: KeyedClient, scope: str):
        """A code lets somebody in, so a door that only checks codes must not read them."""
        _, booking = await booked(await keyed_client("organise"))
        other = await keyed_client(scope)
        assert outcome_of(await other.get(f"/v1/bookings/{booking['id']}/tickets")) == (403, "forbidden")
        path = f"/v1/bookings/{booking['id']}/tickets/1/reissue"
        assert outcome_of(await other.post(path)) == (403, "forbidden")

    @pytest.mark.parametrize("scope", ["read", "sell", "organise", "money"])
    async def test_only_a_door_checks_codes(
        self, keyed_client: KeyedClient, guest: httpx2.AsyncClient, scope: str
    ):
        hold, booking = await booked(await keyed_client("organise"))
        code = (await tickets_of(guest, hold, booking))["items"][0]["code"]
        path = f"/v1/events/{booking['event_number']}/tickets/check"
        assert outcome_of(await (await keyed_client(scope)).post(path, json={"code": code})) == (
            403,
            "forbidden",
        )
        assert await check(await keyed_client("door"), booking["event_number"], code) == (
            "valid",
            None,
            f"{booking['reference']}-1",
        )

    async def test_the_door_of_another_organisation_learns_nothing(
        self, keyed_client: KeyedClient, guest: httpx2.AsyncClient
    ):
        hold, booking = await booked(await keyed_client("organise"))
        code = (await tickets_of(guest, hold, booking))["items"][0]["code"]
        stranger = await keyed_client("organise", "door", organisation=2)
        theirs = await make_event(stranger)
        path = f"/v1/events/{booking['event_number']}/tickets/check"
        assert outcome_of(await stranger.post(path, json={"code": code})) == (404, "event_not_found")
        assert await check(stranger, theirs["number"], code) == ("unknown", "other_event", None)


class TestReissue:
    async def test_the_code_before_is_void_at_once(self, client: httpx2.AsyncClient):
        hold, booking = await booked(client)
        event = booking["event_number"]
        before = (await tickets_of(client, hold, booking))["items"]
        second = await reissue(client, hold, booking, 2)
        assert (second["revision"], second["status"], second["number"]) == (1, "valid", 2)
        assert second["reissued_at"] is not None
        assert await check(client, event, before[1]["code"]) == ("void", "reissued", second["reference"])
        assert await check(client, event, second["code"]) == ("valid", None, second["reference"])
        after = (await tickets_of(client, hold, booking))["items"]
        assert after == [before[0], second, before[2], before[3]], "the other tickets stay"
        again = await reissue(client, hold, booking, 2)
        assert again["revision"] == 2
        assert await check(client, event, second["code"]) == ("void", "reissued", second["reference"])

    async def test_a_retry_voids_no_code(self, client: httpx2.AsyncClient):
        """Also an older one that arrives after another reissue: its buyer has the newest code by then."""
        hold, booking = await booked(client)
        keys = [str(uuid4()) for _ in range(3)]
        codes = [(await reissue(client, hold, booking, 1, key))["code"] for key in keys]
        assert len(set(codes)) == 3
        for key in keys:
            repeated = await reissue(client, hold, booking, 1, key)
            assert (repeated["revision"], repeated["code"]) == (3, codes[-1])
        other = await reissue(client, hold, booking, 2, keys[0])
        assert (other["number"], other["revision"]) == (2, 1), "a key counts for one ticket"

    async def test_a_ticket_that_does_not_exist(self, client: httpx2.AsyncClient):
        hold, booking = await booked(client)
        for number in ("0", "5", "01", "-1", "1.0", "x", "1000001", "9" * 30):
            path = f"/v1/bookings/{booking['id']}/tickets/{number}/reissue"
            assert outcome_of(await client.post(path, headers=token_of(hold))) == (404, "ticket_not_found")

    async def test_the_token_may_be_in_the_body(self, guest: httpx2.AsyncClient, keyed_client: KeyedClient):
        hold, booking = await booked(await keyed_client("organise"))
        path = f"/v1/bookings/{booking['id']}/tickets/1/reissue"
        assert (await guest.post(path, json={"hold_token": hold["hold_token"]})).status_code == 200


class TestVoid:
    async def test_a_cancelled_booking_has_void_tickets(self, client: httpx2.AsyncClient):
        hold, booking = await booked(client)
        codes = [one["code"] for one in (await tickets_of(client, hold, booking))["items"]]
        await client.post(f"/v1/bookings/{booking['id']}/cancel", headers=token_of(hold))
        found = (await tickets_of(client, hold, booking))["items"]
        assert [(one["status"], one["code"]) for one in found] == [("void", None)] * 4
        for number, code in enumerate(codes, 1):
            expected = ("void", "booking_cancelled", f"{booking['reference']}-{number}")
            assert await check(client, booking["event_number"], code) == expected
        path = f"/v1/bookings/{booking['id']}/tickets/1/reissue"
        refused = await client.post(path, headers=token_of(hold))
        assert outcome_of(refused) == (409, "booking_already_cancelled")
        again = await place(client, {"number": booking["event_number"]}, {"seats": ["A-1-2"]})
        of_other = (await tickets_of(client, again, await confirm(client, again)))["items"][0]
        assert of_other["code"] not in codes, "the next buyer of the seat has another code"

    async def test_a_cancelled_event_has_void_tickets(self, client: httpx2.AsyncClient):
        hold, booking = await booked(client)
        code = (await tickets_of(client, hold, booking))["items"][0]["code"]
        await client.post(f"/v1/events/{booking['event_number']}/cancel")
        found = (await tickets_of(client, hold, booking))["items"]
        assert {(one["status"], one["code"]) for one in found} == {("void", None)}
        assert (await check(client, booking["event_number"], code))[:2] == ("void", "event_cancelled")
        path = f"/v1/bookings/{booking['id']}/tickets/1/reissue"
        assert outcome_of(await client.post(path, headers=token_of(hold))) == (410, "event_cancelled")


class TestCheck:
    async def test_other_codes_are_unknown(self, client: httpx2.AsyncClient):
        hold, booking = await booked(client)
        _, another = await booked(client)
        code = (await tickets_of(client, hold, booking))["items"][0]["code"]
        assert await check(client, another["event_number"], code) == ("unknown", "other_event", None)
        for text in (
            "HF1",
            code[:-1],
            code + "0",
            code.lower(),
            "https://example.org/",
            "1" * 1_000,
            "\U0001f39f",
        ):
            assert await check(client, booking["event_number"], text) == ("unknown", "not_ours", None)

    async def test_a_check_changes_nothing(self, client: httpx2.AsyncClient):
        """It is no check-in: two looks at one code get the same answer."""
        hold, booking = await booked(client)
        code = (await tickets_of(client, hold, booking))["items"][0]["code"]
        for _ in range(2):
            assert (await check(client, booking["event_number"], code))[0] == "valid"

    async def test_a_rehearsal_says_so(self, client: httpx2.AsyncClient):
        hold, booking = await booked(client, rehearsal=True)
        found = (await tickets_of(client, hold, booking))["items"]
        assert {one["rehearsal"] for one in found} == {True}


async def test_the_public_keys_are_at_a_known_place(guest: httpx2.AsyncClient):
    answer = await guest.get("/.well-known/ticket-keys.json")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], len(key["kid"])) == ("OKP", "Ed25519", "EdDSA", 6)
    tokens = (await guest.get("/.well-known/jwks.json")).json()["keys"]
    assert key["x"] not in [each["x"] for each in tokens], "a key serves one purpose"


async def test_no_code_is_stored_or_logged(
    client: httpx2.AsyncClient, database_url: str, caplog: pytest.LogCaptureFixture
):
    """A code lets its bearer in, so neither a copy of the database nor the log may have one."""
    hold, booking = await booked(client)
    codes = [one["code"] for one in (await tickets_of(client, hold, booking))["items"]]
    codes.append((await reissue(client, hold, booking, 1, str(uuid4())))["code"])
    for code in codes:
        await check(client, booking["event_number"], code)
        await client.get(f"/v1/events/1/seats/{quote(code, safe='')}/history")
    everything = dump(database_url) + caplog.text
    assert [code for code in codes if code in everything or quote(code, safe="") in everything] == []


async def test_each_reissue_is_in_the_audit_once(app: Application, client: httpx2.AsyncClient) -> None:
    """However often its job runs, and however often the buyer repeats a request."""
    hold = await place(client, await make_event(client))
    booking = await confirm(client, hold)
    headers = {"Hold-Token": hold["hold_token"], "Idempotency-Key": "3b241101-e2bb-4255-8caf-4136c566a964"}
    path = f"/v1/bookings/{booking['id']}/tickets/1/reissue"
    for _ in range(2):
        assert (await client.post(path, headers=headers)).status_code == 200
    assert (await client.post(path, headers={"Hold-Token": hold["hold_token"]})).status_code == 200
    jobs = delivery_of(app).jobs
    for _ in range(2):
        await run_due(runner_of(delivery_of(app)))
        for job in await jobs.list_jobs(kind=KIND, limit=10):
            assert await jobs.retry(job.id)
    entries = (await client.get("/v1/audit?action=ticket.reissued")).json()["items"]
    assert sorted(entry["detail"]["revision"] for entry in entries) == [1, 2]
    assert {entry["object"] for entry in entries} == {f"ticket:{booking['reference']}-1"}
    assert {entry["principal"] for entry in entries} == {"open"}
    assert all(entry["request_id"] for entry in entries)


async def test_a_reissue_that_is_refused_is_in_no_audit(app: Application, client: httpx2.AsyncClient) -> None:
    hold = await place(client, await make_event(client))
    booking = await confirm(client, hold)
    await client.post(f"/v1/bookings/{booking['id']}/cancel")
    path = f"/v1/bookings/{booking['id']}/tickets/1/reissue"
    assert (await client.post(path, headers={"Hold-Token": hold["hold_token"]})).status_code == 409
    await run_due(runner_of(delivery_of(app)))
    assert (await client.get("/v1/audit?action=ticket.reissued")).json()["items"] == []
