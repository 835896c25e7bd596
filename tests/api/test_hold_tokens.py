"""Tokens of holds over HTTP: who may act on a hold."""

from __future__ import annotations

import httpx2

from holdfast.api.v1.hold_answers import HoldOut
from holdfast.errors import HoldNotFound
from support.http_app import KeyedClient
from support.http_sales import (
    act,
    confirm,
    make_event,
    outcome_of,
    place,
    pointers,
    read_hold,
    token_of,
)

NO_HOLD = "00000000-0119-84fa-8c96-00264f0ce97a"
WRONG_TOKEN = "hfh_1_q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k"


class TestTokens:
    """Only its token opens a hold, also in open mode."""

    async def test_a_token_is_accepted_in_both_headers_and_the_body(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        token = hold["hold_token"]
        path = f"/v1/holds/{hold['id']}"
        read = await client.get(path, headers={"Hold-Token": token})
        HoldOut.model_validate_json(read.content)
        assert "hold_token" not in read.json()
        assert (await client.get(path, headers={"Authorization": f"Hold {token}"})).status_code == 200
        assert (await client.post(f"{path}/extend", json={"hold_token": token})).status_code == 200
        both = await client.post(f"{path}/extend", json={"hold_token": token}, headers={"Hold-Token": token})
        assert both.status_code == 200
        assert (await client.post(f"{path}/release", json={"hold_token": token})).status_code == 200

    async def test_a_token_in_the_query_is_refused(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        answer = await client.get(f"/v1/holds/{hold['id']}?hold_token={hold['hold_token']}")
        assert outcome_of(answer)[0] == 422

    async def test_two_different_tokens_are_refused(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        answer = await client.post(
            f"/v1/holds/{hold['id']}/release", json={"hold_token": WRONG_TOKEN}, headers=token_of(hold)
        )
        assert (outcome_of(answer), pointers(answer)) == (
            (422, "invalid_input"),
            [("/hold_token", "not_allowed")],
        )

    async def test_a_wrong_token_gets_the_answer_of_a_missing_hold(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        hold, other = await place(client, event), await place(client, event)
        elsewhere = await place(client, await make_event(client))
        tokens = [
            WRONG_TOKEN,
            other["hold_token"],
            elsewhere["hold_token"],
            hold["hold_token"][:-1],
            hold["hold_token"].lower(),
            "x",
        ]
        seen = set()
        for token in tokens:
            for id in (
                hold["id"],
                NO_HOLD,
                "a7a1b0f8-7a4b-4b1a-9a45-0d3f9e0d2f11",
                "00000009-0119-84fa-8c96-00264f0ce97a",
            ):
                headers = {"Hold-Token": token}
                for method, path, body in (
                    ("GET", f"/v1/holds/{id}", None),
                    ("POST", f"/v1/holds/{id}/extend", {}),
                    ("POST", f"/v1/holds/{id}/release", {}),
                    ("POST", "/v1/bookings", {"hold": id}),
                ):
                    answer = await client.request(method, path, json=body, headers=headers)
                    assert outcome_of(answer) == (404, "hold_not_found"), (token, id, path)
                    seen.add(answer.json()["detail"])
        assert seen == {HoldNotFound.detail}
        assert (await read_hold(client, hold))["status"] == "active"

    async def test_a_missing_token_requires_credentials(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        for method, path, body in (
            ("GET", f"/v1/holds/{hold['id']}", None),
            ("POST", f"/v1/holds/{hold['id']}/extend", {}),
            ("POST", f"/v1/holds/{hold['id']}/release", None),
            ("POST", "/v1/bookings", {"hold": hold["id"]}),
        ):
            answer = await client.request(method, path, json=body)
            assert outcome_of(answer) == (401, "credentials_required")
            assert "www-authenticate" in answer.headers

    async def test_a_guest_of_a_closed_server_buys_with_a_token(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient
    ):
        event = await make_event(await keyed_client("organise"))
        hold = await place(guest, event)
        assert (await act(guest, hold, "extend")).status_code == 200
        booking = await confirm(guest, hold)
        path = f"/v1/bookings/{booking['id']}"
        assert (await guest.get(path, headers=token_of(hold))).json() == booking
        assert (await guest.post(f"{path}/cancel", headers=token_of(hold))).status_code == 200
        assert (await act(guest, await place(guest, event), "release")).status_code == 200
