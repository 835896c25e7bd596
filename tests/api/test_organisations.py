"""Organisations through HTTP: the first owner, invitations, members, and what each may not do to the other's.

The kind is "a right that outlives its reason". Its members are the setup link after the first owner, an invitation
that was used, a role that was taken away, and open mode after the first member.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from api.test_accounts import INVALID, outcome
from api.test_sessions import run
from holdfast.access.permissions import Role
from holdfast.access.setup_token import setup_token
from holdfast.http.application import Application
from support.http_app import SECRET_KEY
from support.http_sales import make_event
from support.people import (
    PASSWORD,
    after_a_second,
    browser_of,
    mails_to,
    make_account,
    make_member,
    signed_in,
    token_for,
)

OWNER = {"name": "Olga", "email": "olga@example.org", "password": PASSWORD}
GRACE = "grace@example.org"


async def token_of(database_url: str) -> str:
    ((epoch,),) = await run(database_url, "SELECT epoch::text FROM schema_generation")
    return setup_token(SECRET_KEY.encode(), epoch)


class TestSetup:
    async def test_the_first_owner_ends_open_mode_and_the_link(
        self, app: Application, client: httpx2.AsyncClient, database_url: str
    ):
        token = await token_of(database_url)
        event = await make_event(client, status="draft")
        async with browser_of(app) as browser:
            made = await browser.post("/v1/setup", json={**OWNER, "token": token})
            assert (made.status_code, made.json()["current"]["role"]) == (201, "owner")
            assert set(made.json()["permissions"]) > {"staff:write", "audit:read"}
            assert (await browser.get(f"/v1/events/{event['number']}")).status_code == 200
            again = {**OWNER, "email": "eve@example.org", "token": token}
            assert outcome(await client.post("/v1/setup", json=again)) == INVALID
            after_a_second(app)
            assert (await client.get("/v1/webhooks")).status_code == 401
        assert await run(database_url, "SELECT action FROM audit_entries ORDER BY id LIMIT 1") == [
            ("member.joined",)
        ]

    async def test_of_two_first_owners_one_is_made(self, closed_app: Application, database_url: str):
        token = await token_of(database_url)
        async with browser_of(closed_app) as browser:
            answers = await asyncio.gather(
                *(
                    browser.post("/v1/setup", json={**OWNER, "email": f"o{n}@example.org", "token": token})
                    for n in range(4)
                )
            )
            assert sorted(one.status_code for one in answers) == [201, 410, 410, 410]
        assert await run(database_url, "SELECT role FROM memberships") == [("owner",)]

    @pytest.mark.parametrize(
        "change",
        [
            {"token": "hfu_" + "x" * 43},
            {"token": "\u00e9"},
            {"token": ""},
            {"password": "password1234"},
            {"email": "olga"},
            {"name": ""},
            {"role": "owner"},
        ],
    )
    async def test_a_wrong_setup_makes_nothing(
        self, closed_app: Application, database_url: str, change: dict[str, str]
    ):
        body = {**OWNER, "token": await token_of(database_url), **change}
        async with browser_of(closed_app) as browser:
            assert (await browser.post("/v1/setup", json=body)).status_code in (410, 422)
        assert await run(database_url, "SELECT FROM accounts") == []

    async def test_the_token_of_another_history_or_key_does_not_work(
        self, closed_app: Application, database_url: str
    ):
        before = await token_of(database_url)
        await run(database_url, "UPDATE schema_generation SET epoch = gen_random_uuid()")
        other = setup_token(b"k" * 32, "x")
        async with browser_of(closed_app) as browser:
            for token in (before, other):
                assert outcome(await browser.post("/v1/setup", json={**OWNER, "token": token})) == INVALID


class TestInvitations:
    async def test_a_colleague_is_invited_and_gets_the_role(self, closed_app: Application, database_url: str):
        await make_member(closed_app, database_url, "olga", "owner")
        async with signed_in(closed_app, "olga") as owner, browser_of(closed_app) as colleague:
            body = {"email": GRACE, "role": "box_office"}
            assert (await owner.post("/v1/organisations/1/invitations", json=body)).status_code == 202
            token = await token_for(closed_app, GRACE)
            nameless = await colleague.post(
                "/v1/invitations/accept", json={"token": token, "password": "nanoseconds of wire"}
            )
            assert (nameless.status_code, nameless.json()["errors"][0]["pointer"]) == (422, "/name")
            accepted = {"token": token, "password": "nanoseconds of wire", "name": "Grace Hopper"}
            made = await colleague.post("/v1/invitations/accept", json=accepted)
            assert (made.status_code, made.json()["current"]["role"]) == (201, "box_office")
            assert outcome(await colleague.post("/v1/invitations/accept", json=accepted)) == INVALID
            assert (await colleague.get("/v1/bookings")).status_code == 200
            assert (await colleague.get("/v1/organisations/1/members")).status_code == 403
            listed = (await owner.get("/v1/organisations/1/members")).json()["items"]
            assert [one["role"] for one in listed] == ["box_office", "owner"]
        actions = await run(database_url, "SELECT action, principal FROM audit_entries ORDER BY id")
        assert [action for action, _ in actions] == [
            "session.opened",
            "member.invited",
            "member.joined",
            "session.opened",
        ]

    async def test_a_person_with_an_account_gives_its_password(
        self, closed_app: Application, database_url: str
    ):
        await make_member(closed_app, database_url, "olga", "owner")
        await make_account(closed_app, "grace")
        async with signed_in(closed_app, "olga") as owner, browser_of(closed_app) as colleague:
            await owner.post("/v1/organisations/1/invitations", json={"email": GRACE, "role": "door"})
            token = await token_for(closed_app, GRACE)
            for password, status in (("another password of hers", 401), (PASSWORD, 201)):
                body = {"token": token, "password": password, "name": "Eve"}
                assert (await colleague.post("/v1/invitations/accept", json=body)).status_code == status
            assert (await colleague.get("/v1/me")).json()["account"]["name"] == "Grace"

    async def test_an_invitation_cannot_demote_the_last_owner(
        self, closed_app: Application, database_url: str
    ):
        await make_member(closed_app, database_url, "olga", "owner")
        async with signed_in(closed_app, "olga") as owner:
            await owner.post(
                "/v1/organisations/1/invitations", json={"email": "olga@example.org", "role": "door"}
            )
            body = {"token": await token_for(closed_app, "olga@example.org"), "password": PASSWORD}
            assert outcome(await owner.post("/v1/invitations/accept", json=body)) == (409, "last_owner")

    async def test_events_are_of_the_organisation(self, closed_app: Application, database_url: str):
        await make_member(closed_app, database_url, "olga", "owner")
        await make_member(closed_app, database_url, "eve", "owner", organisation=2)
        async with signed_in(closed_app, "olga") as owner, signed_in(closed_app, "eve") as stranger:
            mine, other = await make_event(owner), await make_event(stranger)
            found = []
            for number in (other["number"], 999_999):
                body = {"email": GRACE, "role": "door", "events": [mine["number"], number]}
                answer = await owner.post("/v1/organisations/1/invitations", json=body)
                found.append((outcome(answer), answer.json()["errors"]))
            assert found[0] == found[1]
            assert (found[0][1][0]["pointer"], found[0][0]) == ("/events/1", (422, "invalid_input"))
            limited_owner = {"email": GRACE, "role": "owner", "events": [mine["number"]]}
            assert (
                await owner.post("/v1/organisations/1/invitations", json=limited_owner)
            ).status_code == 422
        assert await mails_to(closed_app, GRACE) == []


class TestMembers:
    async def test_a_changed_member_signs_in_again(self, closed_app: Application, database_url: str):
        await make_member(closed_app, database_url, "olga", "owner")
        member = await make_member(closed_app, database_url, "grace", "manager")
        path = f"/v1/organisations/1/members/{member}"
        async with signed_in(closed_app, "olga") as owner, signed_in(closed_app, "grace") as colleague:
            event = await make_event(owner)
            body = {"role": "door", "events": [event["number"]]}
            changed = (await owner.patch(path, json=body)).json()
            assert (changed["role"], changed["events"]) == ("door", [event["number"]])
            after_a_second(closed_app)
            assert (await colleague.get("/v1/webhooks")).status_code == 401
            assert (await owner.patch(path, json={"role": "reports"})).json()["events"] == [event["number"]]
            assert (await owner.patch(path, json={"events": None})).json()["events"] is None
            assert (await owner.delete(path)).status_code == 204
            assert outcome(await owner.delete(path)) == (404, "member_not_found")

    async def test_the_last_owner_stays(self, closed_app: Application, database_url: str):
        own = await make_member(closed_app, database_url, "olga", "owner")
        async with signed_in(closed_app, "olga") as owner:
            path = f"/v1/organisations/1/members/{own}"
            assert outcome(await owner.delete(path)) == (409, "last_owner")
            assert outcome(await owner.patch(path, json={"role": "manager"})) == (409, "last_owner")

    @pytest.mark.parametrize(
        "body",
        [
            {"role": "king"},
            {"role": "OWNER"},
            {"role": 1},
            {"role": None, "events": []},
            {"events": [0]},
            {"events": ["1"]},
            {"events": [True]},
            {"events": 1},
            {"events": [999_999]},
            {"organisation": 2},
            {"account": 1},
            [],
        ],
    )
    async def test_a_wrong_change_changes_nothing(
        self, closed_app: Application, database_url: str, body: Any
    ):
        await make_member(closed_app, database_url, "olga", "owner")
        member = await make_member(closed_app, database_url, "grace", "door")
        async with signed_in(closed_app, "olga") as owner:
            answer = await owner.patch(f"/v1/organisations/1/members/{member}", json=body)
            assert answer.status_code == 422
        assert (member, "door", None) in await run(
            database_url, "SELECT account_id, role, events FROM memberships"
        )

    @pytest.mark.parametrize("role", [one for one in Role if one is not Role.OWNER])
    async def test_only_owners_manage_members(self, closed_app: Application, database_url: str, role: Role):
        member = await make_member(closed_app, database_url, "grace", role)
        async with signed_in(closed_app, "grace") as browser:
            path = f"/v1/organisations/1/members/{member}"
            for answer in (
                await browser.get("/v1/organisations/1/members"),
                await browser.patch(path, json={"role": "owner"}),
                await browser.delete(path),
                await browser.post("/v1/organisations/1/invitations", json={"email": GRACE, "role": "owner"}),
            ):
                assert outcome(answer) == (403, "forbidden")

    async def test_another_organisation_is_answered_like_none(
        self, closed_app: Application, database_url: str
    ):
        member = await make_member(closed_app, database_url, "grace", "door")
        await make_member(closed_app, database_url, "olga", "owner", organisation=2)
        async with signed_in(closed_app, "olga") as owner:
            found = []
            for number in (1, 999):
                base = f"/v1/organisations/{number}"
                answers = [
                    await owner.get(base),
                    await owner.get(f"{base}/members"),
                    await owner.patch(f"{base}/members/{member}", json={"role": "owner"}),
                    await owner.delete(f"{base}/members/{member}"),
                    await owner.post(f"{base}/invitations", json={"email": GRACE, "role": "owner"}),
                ]
                found.append([{**one.json(), "instance": ""} for one in answers])
            assert found[0] == found[1]
            assert {one["code"] for one in found[0]} == {"organisation_not_found"}
            assert outcome(await owner.delete(f"/v1/organisations/2/members/{member}")) == (
                404,
                "member_not_found",
            )
            assert [one["number"] for one in (await owner.get("/v1/organisations")).json()["items"]] == [2]
