"""Metadata of events, holds and bookings: kept, merged, inherited, searched, and never in the journal.

The kind: a client's own words on an object. The other members are a booking's `buyer`, a block's `reason` and an
event's name, whose tests stand beside their routes. All objects that a client creates were looked through: a block
has its reason, and needs no metadata of its own.
"""

from __future__ import annotations

import httpx2
import pytest
import structlog.testing

from holdfast.inventory.rules.metadata import MAX_KEYS
from support.house_of import fetch
from support.http_sales import (
    Json,
    act,
    ask_booking,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    pointers,
    read_hold,
    token_of,
)

FULL = {f"key {number}": "x" * 500 for number in range(MAX_KEYS)}
ODD = {"a b": "é\n\t日本", "__proto__": "{}", "x'y\"z": "%'; --", "." * 40: " "}


async def patch(client: httpx2.AsyncClient, path: str, metadata: object, hold: Json | None = None):
    headers = token_of(hold) if hold else {}
    return await client.patch(path, json={"metadata": metadata}, headers=headers)


async def found(client: httpx2.AsyncClient, what: str, **query: str) -> list[int | str]:
    params = {name.replace("__", "[") + "]" if "__" in name else name: to for name, to in query.items()}
    answer = await client.get(f"/v1/{what}", params=params)
    assert answer.status_code == 200, answer.text
    return [item["number"] if what == "events" else item["reference"] for item in answer.json()["items"]]


@pytest.mark.parametrize("metadata", [{}, {"order": "A-1815"}, FULL, ODD])
async def test_each_object_keeps_its_metadata(client: httpx2.AsyncClient, metadata: Json):
    event = await make_event(client, metadata=metadata)
    hold = await place(client, event, metadata=metadata)
    booking = await confirm(client, await place(client, event), metadata=metadata)
    for made in (event, hold, booking):
        assert made["metadata"] == metadata
    assert (await client.get("/v1/events/1")).json()["metadata"] == metadata
    assert (await client.get("/v1/events")).json()["items"][0]["metadata"] == metadata
    assert (await read_hold(client, hold))["metadata"] == metadata
    assert (await act(client, hold, "extend")).json()["metadata"] == metadata
    assert (await client.get(f"/v1/bookings/{booking['id']}")).json() == booking
    assert (await client.get("/v1/bookings")).json()["items"] == [booking]
    cancelled = (await client.post(f"/v1/bookings/{booking['id']}/cancel")).json()
    assert cancelled["metadata"] == metadata


async def test_objects_without_metadata_answer_an_empty_object(client: httpx2.AsyncClient):
    event = await make_event(client)
    hold = await place(client, event)
    assert event["metadata"] == hold["metadata"] == (await confirm(client, hold))["metadata"] == {}


CHANGES: list[tuple[Json, Json]] = [
    ({"b": "2"}, {"a": "1", "b": "2"}),
    ({"a": "2"}, {"a": "2"}),
    ({"a": None}, {}),
    ({"a": ""}, {}),
    ({"a": None, "b": "2", "c": ""}, {"b": "2"}),
    ({}, {"a": "1"}),
    ({"unknown": None}, {"a": "1"}),
]


@pytest.mark.parametrize(("change", "after"), CHANGES)
async def test_a_change_is_merged(client: httpx2.AsyncClient, change: Json, after: Json):
    """Null and the empty text remove a key, as at Stripe; a key that is not named stays."""
    event = await make_event(client, metadata={"a": "1"})
    hold = await place(client, event, metadata={"a": "1"})
    booking = await confirm(client, await place(client, event), metadata={"a": "1"})
    for path, of in [
        ("/v1/events/1", None),
        (f"/v1/holds/{hold['id']}", hold),
        (f"/v1/bookings/{booking['id']}", None),
    ]:
        for _ in range(2):  # a repeat changes nothing more
            changed = await patch(client, path, change, of)
            assert changed.status_code == 200, changed.text
            assert changed.json()["metadata"] == after
        read = await client.get(path, headers=token_of(of) if of else {})
        assert read.json()["metadata"] == after


async def test_a_booking_takes_over_its_holds_metadata(client: httpx2.AsyncClient):
    hold = await place(client, await make_event(client), metadata={"a": "1", "b": "2", "c": "3"})
    booking = await confirm(client, hold, metadata={"b": "4", "c": None, "d": "5"})
    assert booking["metadata"] == {"a": "1", "b": "4", "d": "5"}
    assert (await read_hold(client, hold))["metadata"] == booking["metadata"]
    repeated = await ask_booking(client, hold, metadata={"e": "6"})
    assert repeated.json()["metadata"] == booking["metadata"]


async def test_a_booking_without_any_key_does_not_read_its_holds(client: httpx2.AsyncClient):
    """The empty object is stored: null would mean that the hold's still count."""
    hold = await place(client, await make_event(client), metadata={"a": "1"})
    booking = await confirm(client, hold)
    path = f"/v1/bookings/{booking['id']}"
    assert (await patch(client, path, {"a": ""})).json()["metadata"] == {}
    assert (await client.get(path)).json()["metadata"] == {}


async def test_who_may_change_it(client: httpx2.AsyncClient):
    event = await make_event(client)
    hold = await place(client, event)
    path = f"/v1/holds/{hold['id']}"
    assert outcome_of(await patch(client, path, {"a": "1"})) == (401, "credentials_required")
    wrong = await patch(client, path, {"a": "1"}, hold | {"hold_token": "hfh_1_x"})
    assert outcome_of(wrong) == (404, "hold_not_found")
    booking = await confirm(client, hold)
    changed = await patch(client, f"/v1/bookings/{booking['id']}", {"a": "1"}, hold)
    assert changed.json()["metadata"] == {"a": "1"}
    late = await patch(client, path, {"a": "1"}, hold)
    assert outcome_of(late) == (409, "hold_already_confirmed")


WRONG: list[tuple[object, str, str]] = [
    ([], "/metadata", "wrong_type"),
    ("a", "/metadata", "wrong_type"),
    ({"a": 1}, "/metadata/a", "wrong_type"),
    ({"a": {"b": "c"}}, "/metadata/a", "wrong_type"),
    ({"a": "x" * 501}, "/metadata/a", "too_long"),
    ({"": "x"}, "/metadata/", "invalid_name"),
    ({"k" * 41: "x"}, f"/metadata/{'k' * 41}", "invalid_name"),
    ({"a[b]": "x"}, "/metadata/a[b]", "invalid_name"),
    ({"a\nb": "x"}, "/metadata/a\nb", "invalid_name"),
    (FULL | {"one more": "x"}, "/metadata", "too_many"),
]


@pytest.mark.parametrize(("metadata", "pointer", "code"), WRONG)
async def test_wrong_metadata_is_refused(
    client: httpx2.AsyncClient, metadata: object, pointer: str, code: str
):
    event = await make_event(client)
    hold = await place(client, event)
    for answer in (
        await client.post("/v1/events", json={"name": "Concert", "metadata": metadata}),
        await patch(client, "/v1/events/1", metadata),
        await ask_hold(client, event, metadata=metadata),
        await patch(client, f"/v1/holds/{hold['id']}", metadata, hold),
        await ask_booking(client, hold, metadata=metadata),
    ):
        assert outcome_of(answer) == (422, "invalid_input")
        assert pointers(answer) == [(pointer, code)]


async def test_too_many_keys_in_all_are_refused(client: httpx2.AsyncClient):
    event = await make_event(client, metadata=FULL)
    hold = await place(client, event, metadata=FULL)
    for answer in (
        await patch(client, "/v1/events/1", {"one more": "x"}),
        await ask_booking(client, hold, metadata={"one more": "x"}),
    ):
        assert pointers(answer) == [("/metadata", "too_many")]
    swapped = await patch(client, "/v1/events/1", {"one more": "x", "key 0": ""})
    assert len(swapped.json()["metadata"]) == MAX_KEYS


async def test_events_are_found_by_metadata(client: httpx2.AsyncClient):
    for metadata in (
        {"season": "2026", "hall": "a"},
        {"season": "2026", "hall": "b"},
        {"season": "2027"},
        ODD,
    ):
        await make_event(client, metadata=metadata)
    await make_event(client)
    assert await found(client, "events", metadata__season="2026") == [2, 1]
    assert await found(client, "events", metadata__season="2026", metadata__hall="b") == [2]
    assert await found(client, "events", metadata__season="2026", text="none") == []
    assert await found(client, "events", metadata__unknown="2026") == []
    assert await found(client, "events", metadata__season="202") == []
    assert await found(client, "events", **{"metadata__" + "x'y\"z": "%'; --"}) == [4]
    first = (await client.get("/v1/events", params={"metadata[season]": "2026", "limit": 1})).json()
    cursor = first["next"]
    rest = {"metadata[season]": "2026", "limit": 1, "cursor": cursor}
    assert (await client.get("/v1/events", params=rest)).json()["items"][0]["number"] == 1
    other = await client.get("/v1/events", params=rest | {"metadata[season]": "2027"})
    assert pointers(other) == [("?cursor", "invalid_cursor")]


async def test_bookings_are_found_by_metadata(client: httpx2.AsyncClient):
    """Over all events and in one of them; what a booking has from its hold counts as its own."""
    one, two = await make_event(client), await make_event(client)
    first = await confirm(client, await place(client, one, metadata={"order": "1"}))
    second = await confirm(client, await place(client, two), metadata={"order": "1", "desk": "x"})
    third = await confirm(client, await place(client, two, metadata={"order": "2"}))
    await client.post(f"/v1/bookings/{second['id']}/cancel")
    both = [second["reference"], first["reference"]]
    assert await found(client, "bookings", metadata__order="1") == both
    assert await found(client, "bookings", metadata__order="1", status="confirmed") == both[1:]
    assert await found(client, "bookings", metadata__order="1", event="1") == both[1:]
    assert await found(client, "bookings", metadata__order="1", metadata__desk="x") == both[:1]
    reference = third["reference"]
    assert await found(client, "bookings", metadata__order="1", reference=reference) == []
    assert await found(client, "bookings", metadata__order="2", reference=reference) == [reference]
    await patch(client, f"/v1/bookings/{third['id']}", {"order": "1"})
    assert await found(client, "bookings", metadata__order="1", event="2") == [reference, both[0]]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("metadata=x", "?metadata", "wrong_type"),
        ("metadata[a]=b&metadata=x", "?metadata", "wrong_type"),
        ("metadata=x&metadata[a]=b", "?metadata", "wrong_type"),
        ("metadata[a]=", "?metadata/a", "too_short"),
        ("metadata[]=x", "?metadata/", "invalid_name"),
        ("metadata[a]=1&metadata[a]=2", "?metadata[a]", "repeated"),
        ("metadata[a][b]=x", "?metadata[a][b]", "unknown_field"),
        ("colour[a]=x", "?colour[a]", "unknown_field"),
    ],
)
async def test_a_wrong_search_is_refused(client: httpx2.AsyncClient, query: str, pointer: str, code: str):
    for what in ("events", "bookings"):
        answer = await client.get(f"/v1/{what}?{query}")
        assert outcome_of(answer) == (422, "invalid_input")
        assert pointers(answer) == [(pointer, code)]


async def test_metadata_stays_out_of_journal_metrics_and_logs(client: httpx2.AsyncClient, database_url: str):
    """It may name people, and the journal is never deleted."""
    words = {"customer": "Lovelace"}
    with structlog.testing.capture_logs() as lines:
        event = await make_event(client, metadata=words)
        hold = await place(client, event, metadata=words)
        booking = await confirm(client, hold, metadata=words)
        for path in ("/v1/events/1", f"/v1/bookings/{booking['id']}"):
            await patch(client, path, {"also": "Lovelace"})
        history = (await client.get("/v1/events/1/history")).text
        metrics = (await client.get("/metrics")).text
    journal = str(fetch(database_url, "SELECT changes FROM journal"))
    assert "booked" in journal
    for text in (str(lines), journal, history, metrics):
        assert "lovelace" not in text.lower()


async def test_a_retry_with_other_metadata_is_another_request(client: httpx2.AsyncClient):
    event = await make_event(client)
    asked = [
        await ask_hold(client, event, key="5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11", metadata={"a": "1"})
        for _ in "ab"
    ]
    assert asked[0].json() == asked[1].json()
    other = await ask_hold(client, event, key="5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11", metadata={"a": "2"})
    assert outcome_of(other) == (422, "idempotency_key_reused")
