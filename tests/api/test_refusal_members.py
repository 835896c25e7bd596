"""What a refusal carries for the client that has to act on it: times, numbers and names, as members and in the text.

The kind: a refusal that says no, and not what would be right. All classes of `holdfast.errors` were looked through.
Those with facts that the caller cannot know are below. The others name the caller's own input.
"""

from __future__ import annotations

import httpx2

from support.ageing import lapse_hold
from support.http_sales import SEATS, Json, act, ask_booking, ask_hold, make_event, outcome_of, place

SOON, LATER = "2098-01-01T20:00:00Z", "2099-01-01T20:00:00Z"


async def refused(answer: httpx2.Response, status: int, code: str) -> Json:
    assert outcome_of(answer) == (status, code)
    problem: Json = answer.json()
    return problem


async def test_an_event_that_is_not_on_sale_says_when_and_why(client: httpx2.AsyncClient):
    early = await make_event(client, on_sale_at=SOON, off_sale_at=LATER)
    problem = await refused(await ask_hold(client, early), 409, "event_not_on_sale")
    assert problem["detail"] == f"The event is not on sale yet: the sale begins at {SOON}."
    assert (problem["reason"], problem["on_sale_at"], problem["off_sale_at"]) == ("not_yet", SOON, LATER)
    ended = await make_event(client, off_sale_at="1999-01-01T20:00:00Z")
    problem = await refused(await ask_hold(client, ended), 409, "event_not_on_sale")
    assert problem["detail"] == "The sale ended at 1999-01-01T20:00:00Z."
    assert (problem["reason"], problem["on_sale_at"]) == ("ended", None)
    draft = await make_event(client, status="draft")
    problem = await refused(await ask_hold(client, draft), 409, "event_not_on_sale")
    assert problem["reason"] == "draft"


async def test_too_few_admissions_say_how_many_are_left(client: httpx2.AsyncClient):
    event = await make_event(client, capacity=3, seat_map=SEATS)
    problem = await refused(await ask_hold(client, event, {"quantity": 4}), 409, "sold_out")
    assert problem["available"] == 3
    assert problem["errors"][0]["detail"] == "`lines/0/quantity` is more than what is left."
    problem = await refused(await ask_hold(client, event, {"best_available": 11}), 409, "sold_out")
    assert problem["available"] == 10
    problem = await refused(await ask_hold(client, event, {"best_available": 6}), 409, "not_together")
    assert problem["available"] == 10


async def test_a_limit_says_what_it_is(client: httpx2.AsyncClient):
    event = await make_event(client, max_per_hold=2, max_per_buyer=3)
    problem = await refused(await ask_hold(client, event, {"quantity": 3}), 422, "quantity_over_limit")
    assert problem["limit"] == 2
    await place(client, event, {"quantity": 2}, buyer="ada")
    answer = await ask_hold(client, event, {"quantity": 2}, buyer="ada")
    problem = await refused(answer, 422, "quantity_over_limit")
    assert problem["limit"] == 3
    assert "you have 2" in problem["detail"]


async def test_an_expired_hold_says_since_when(client: httpx2.AsyncClient, database_url: str):
    hold = await place(client, await make_event(client))
    lapse_hold(database_url, hold["id"])
    for answer in (
        await act(client, hold, "extend"),
        await act(client, hold, "release"),
        await ask_booking(client, hold),
    ):
        problem = await refused(answer, 410, "hold_expired")
        assert problem["expired_at"] < hold["expires_at"]


async def test_a_name_that_the_event_lacks_comes_with_those_that_it_has(client: httpx2.AsyncClient):
    areas = [{"name": name, "capacity": 5} for name in ("hall", "garden")]
    event = await make_event(client, areas=areas, seat_map=SEATS)
    unknown = await refused(
        await ask_hold(client, event, {"quantity": 1, "area": "cellar"}), 422, "area_unknown"
    )
    assert unknown["detail"] == "The event has no such area. It has `hall`, `garden`."
    required = await refused(await ask_hold(client, event), 422, "area_required")
    assert required["detail"] == "The event has several areas: name one of `hall`, `garden`."
    line = {"best_available": 1, "category": "balcony"}
    unknown = await refused(await ask_hold(client, event, line), 422, "area_unknown")
    assert unknown["detail"] == "The event has no such category. It has `stalls`."
    many = await make_event(client, areas=[{"name": f"area {n}", "capacity": 1} for n in range(20)])
    required = await refused(await ask_hold(client, many), 422, "area_required")
    assert required["detail"].endswith("`area 9` and others.")


async def test_a_path_says_which_methods_it_takes(client: httpx2.AsyncClient):
    answer = await client.request("DELETE", "/v1/events/7")
    problem = await refused(answer, 405, "method_not_allowed")
    assert problem["detail"] == "DELETE is not possible at /v1/events/7: use GET, HEAD or PATCH."
    assert problem["allow"] == ["GET", "HEAD", "PATCH"]
    nothing = await client.get("/v1/event/7?token=x")
    problem = await refused(nothing, 404, "not_found")
    assert problem["detail"] == "There is nothing at /v1/event/7; /docs lists the paths."
    secret = await client.get("/v1/hfh_7_abcdefgh")
    assert "abcdefgh" not in secret.text
