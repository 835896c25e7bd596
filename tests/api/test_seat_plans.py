"""Seat plans over HTTP: whole tables, wheelchair places, restricted views and drawn areas, from plan to sale."""

from __future__ import annotations

from typing import Any

from support.http_app import KeyedClient

TABLES = {
    "sections": [
        {"name": "T", "rows": 2, "seats_per_row": 4, "sold": "whole"},
        {"name": "S", "rows": 1, "seats_per_row": 3},
    ]
}


async def create(client: KeyedClient, seat_map: Any, **rules: Any) -> int:
    answer = await client.post("/v1/events", json={"name": "E", "seat_map": seat_map, **rules})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["number"])


async def hold(client: KeyedClient, number: int, *lines: Any, **more: Any) -> Any:
    answer = await client.post("/v1/holds", json={"event": number, "lines": list(lines), **more})
    return answer.json() | {"http": answer.status_code}


async def test_a_seat_of_a_whole_table_brings_the_table(client: KeyedClient) -> None:
    number = await create(client, TABLES)
    held = await hold(client, number, {"seats": ["T-1-3", "S-1-1"]})
    assert (held["http"], held["quantity"], held["requested"]) == (201, 5, 5)
    assert sorted(held["lines"][0]["seats"]) == ["S-1-1", "T-1-1", "T-1-2", "T-1-3", "T-1-4"]
    taken = await hold(client, number, {"seats": ["S-1-2", "T-1-1"]})
    assert (taken["http"], taken["code"]) == (409, "seat_taken")
    assert {error["pointer"] for error in taken["errors"]} == {"/lines/0/seats/1"}


async def test_two_lines_that_name_one_table_share_it(client: KeyedClient) -> None:
    number = await create(client, TABLES)
    held = await hold(client, number, {"seats": ["T-1-1"]}, {"seats": ["T-1-2", "T-2-4"]})
    assert [len(line["seats"]) for line in held["lines"]] == [3, 5]


async def test_limits_count_the_whole_table(client: KeyedClient) -> None:
    number = await create(client, TABLES, max_per_hold=3)
    refused = await hold(client, number, {"seats": ["T-1-1"]})
    assert (refused["http"], refused["code"]) == (422, "quantity_over_limit")
    number = await create(client, TABLES, max_per_buyer=6)
    assert (await hold(client, number, {"seats": ["T-1-1"]}, buyer="ada"))["http"] == 201
    assert (await hold(client, number, {"seats": ["T-2-1"]}, buyer="ada"))["code"] == "quantity_over_limit"


async def test_partial_fulfilment_never_splits_a_table(client: KeyedClient) -> None:
    number = await create(client, TABLES)
    block = await client.post(f"/v1/events/{number}/blocks", json={"seats": ["T-1-2"]})
    assert block.status_code == 201
    held = await hold(client, number, {"seats": ["T-1-1", "S-1-1"]}, allow_partial=True)
    assert held["lines"][0]["seats"] == ["S-1-1"]
    assert (await hold(client, number, {"seats": ["T-1-1"]}, allow_partial=True))["code"] == "seat_blocked"


async def test_partial_fulfilment_never_splits_a_table_of_several_lines(client: KeyedClient) -> None:
    """The proof found the first case: one line got its part of the table, and another line was refused the rest.

    The others are the orders of the lines, a line that loses everything, and a line that gets all it named.
    """
    number = await create(client, TABLES)
    block = await client.post(f"/v1/events/{number}/blocks", json={"seats": ["S-1-1", "T-2-4"]})
    assert block.status_code == 201
    some, rest = ["T-2-1", "T-2-2", "S-1-2"], ["T-2-3", "T-2-4", "S-1-1"]
    for lines, left in (((some, rest), ["S-1-2"]), ((rest, [*some, "S-1-3"]), ["S-1-2", "S-1-3"])):
        held = await hold(client, number, *({"seats": line} for line in lines), allow_partial=True)
        assert [seat for line in held["lines"] for seat in line["seats"]] == left
        token = {"Hold-Token": held["hold_token"]}
        assert (await client.post(f"/v1/holds/{held['id']}/release", headers=token)).status_code == 200
    refused = await hold(client, number, {"seats": some[:2]}, {"seats": rest}, allow_partial=True)
    assert (refused["http"], refused["code"]) == (409, "seat_blocked")
    held = await hold(client, number, {"seats": ["T-1-1"]}, {"seats": ["T-1-2", "S-1-1"]}, allow_partial=True)
    assert [seat for line in held["lines"] for seat in line["seats"]] == ["T-1-1", "T-1-3", "T-1-4", "T-1-2"]
    best = {"best_available": 2}
    held = await hold(client, number, {"seats": some}, {"seats": rest}, best, allow_partial=True)
    assert sorted(seat for line in held["lines"] for seat in line["seats"]) == ["S-1-2", "S-1-3"]


async def test_best_available_and_quantity_never_split_a_table(client: KeyedClient) -> None:
    number = await create(client, TABLES)
    assert (await hold(client, number, {"best_available": 4}))["lines"][0]["seats"][0][0] == "T"
    assert (await hold(client, number, {"best_available": 5}))["code"] == "not_together"
    seven = await hold(client, number, {"quantity": 7})
    assert {seat[0] for seat in seven["lines"][0]["seats"]} == {"T", "S"}
    number = await create(client, {"sections": [TABLES["sections"][0]]})
    refused = await hold(client, number, {"quantity": 3})
    assert (refused["http"], refused["code"]) == (409, "sold_out")
    assert "Tables" in refused["detail"]


async def test_wheelchair_places_are_given_when_asked_for(client: KeyedClient) -> None:
    seat_map = {"labels": ["A1", "A2", "A3"], "wheelchair": ["A1"], "companion": ["A2"]}
    number = await create(client, seat_map)
    refused = await hold(client, number, {"best_available": 2, "together": False})
    assert (refused["code"], refused["available"]) == ("sold_out", 1)
    assert "accessible" in refused["detail"]
    held = await hold(client, number, {"best_available": 2, "accessible": True})
    assert held["lines"][0]["seats"] == ["A1", "A2"]
    none_left = await hold(client, number, {"best_available": 1, "accessible": True})
    assert (none_left["code"], none_left["available"]) == ("sold_out", 0)
    wrong = await hold(client, number, {"seats": ["A3"], "accessible": True})
    assert wrong["http"] == 422


async def test_named_seats_may_be_of_any_kind(client: KeyedClient) -> None:
    number = await create(client, {"labels": ["A1", "A2"], "wheelchair": ["A1"], "companion": ["A2"]})
    assert (await hold(client, number, {"seats": ["A2"]}))["http"] == 201


def plan(**zone: Any) -> dict[str, Any]:
    seats = [
        {"seat_number": "1", "seat_guid": "a", "position": {"x": 0, "y": 0}, "wheelchair": True},
        {"seat_number": "2", "seat_guid": "b", "position": {"x": 20, "y": 0}, "companion": True},
        {"seat_number": "3", "seat_guid": "c", "position": {"x": 40, "y": 0}, "restricted_view": True},
    ]
    area = {"name": "Lawn", "capacity": 50, "shape": "circle", "circle": {"radius": 9}}
    area["position"] = {"x": 1, "y": 2}
    rows = [{"row_number": "1", "position": {"x": 0, "y": 0}, "sold": "seats", "seats": seats}]
    return {"zones": [{"name": "Z", "position": {"x": 10, "y": 10}, "rows": rows, "areas": [area], **zone}]}


async def test_a_drawn_area_is_sold_by_quantity_and_shown_in_the_map(client: KeyedClient) -> None:
    number = await create(client, plan())
    held = await hold(client, number, {"area": "Lawn", "quantity": 15}, {"seats": ["Z-1-3"]})
    assert held["quantity"] == 16
    document = (await client.get(f"/v1/events/{number}/seat-map/1")).json()
    assert document["areas"] == [{"name": "Lawn", "x": 11, "y": 12, "shape": "circle", "radius": 9}]
    flags = [
        {name for name in ("wheelchair", "companion", "restricted_view") if name in seat}
        for seat in document["sections"][0]["rows"][0]["seats"]
    ]
    assert flags == [{"wheelchair"}, {"companion"}, {"restricted_view"}]
    assert document["categories"] == ["standard"]


async def test_a_later_map_draws_new_areas_and_leaves_the_older_version_alone(
    client: KeyedClient,
) -> None:
    number = await create(client, {"labels": ["A1"]}, areas=[{"name": "Bar", "capacity": 5}])
    before = (await client.get(f"/v1/events/{number}/seat-map/1")).content
    changed = await client.patch(f"/v1/events/{number}", json={"seat_map": plan()})
    assert (changed.status_code, changed.json()["capacity"]) == (200, 1 + 5 + 3 + 50)
    assert (await client.get(f"/v1/events/{number}/seat-map/1")).content == before
    later = (await client.get(f"/v1/events/{number}/seat-map/2")).json()
    assert [area["name"] for area in later["areas"]] == ["Lawn"]
    again = await client.patch(f"/v1/events/{number}", json={"seat_map": plan(name="Y")})
    assert (again.status_code, again.json()["code"]) == (422, "invalid_input")


async def test_an_area_and_a_drawn_area_of_one_name_are_refused(client: KeyedClient) -> None:
    answer = await client.post(
        "/v1/events",
        json={"name": "E", "seat_map": plan(), "areas": [{"name": "Lawn", "capacity": 5}]},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/seat_map"


async def test_a_table_as_large_as_a_hold_may_be_is_the_limit(client: KeyedClient) -> None:
    seat_map = {"sections": [{"name": "T", "rows": 1, "seats_per_row": 501, "sold": "whole"}]}
    answer = await client.post("/v1/events", json={"name": "E", "seat_map": seat_map})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/seat_map/sections/0/seats_per_row"
