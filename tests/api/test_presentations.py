"""The description and the poster of an event: who reads them, who changes them, and what of them is kept."""

from __future__ import annotations

from io import BytesIO

import httpx2
import pytest
from PIL import Image

from holdfast.access.audit_jobs import KIND
from holdfast.http.application import Application
from support.delivering import run_due, runner_of
from support.http_app import delivery_of
from support.http_sales import make_event
from support.pictures import PICTURE, a_picture, text_of

TEXT = "# Doors at seven\n\nWith a *talk*.\n\n<script>alert(1)</script>"


def path_of(event: dict[str, object], name: str = "presentation") -> str:
    return f"/v1/events/{event['number']}/{name}"


async def test_a_new_event_has_neither(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    found = (await client.get(path_of(event))).json()
    assert found == {
        "event_number": event["number"],
        "description": "",
        "html": "",
        "summary": "",
        "poster": None,
        "changed_at": None,
    }
    answer = await client.get(path_of(event, "poster"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_description_is_kept_as_written_and_shown_without_what_acts(
    client: httpx2.AsyncClient,
) -> None:
    event = await make_event(client)
    answer = await client.patch(path_of(event), json={"description": TEXT.replace("\n", "\r\n")})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["description"] == TEXT
    assert "<h3>Doors at seven</h3>" in found["html"]
    assert "<script" not in found["html"]
    assert found["summary"].startswith("Doors at seven With a talk.")
    assert (await client.get(path_of(event))).json() == found
    assert (await client.patch(path_of(event), json={"description": TEXT})).json() == found
    cleared = (await client.patch(path_of(event), json={"description": None})).json()
    assert (cleared["description"], cleared["html"]) == ("", "")


async def test_a_poster_has_an_address_of_its_own_that_may_be_kept(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    answer = await client.put(path_of(event, "poster"), json={"image": text_of(a_picture(size=(640, 360)))})
    assert answer.status_code == 200, answer.text
    poster = answer.json()["poster"]
    assert (poster["width"], poster["height"]) == (640, 360)
    for path, width in ((poster["path"], 640), (poster["small_path"], 480)):
        sent = await client.get(f"/{path}")
        assert sent.headers["content-type"] == "image/jpeg"
        assert sent.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert sent.headers["x-content-type-options"] == "nosniff"
        assert Image.open(BytesIO(sent.content)).width == width
    assert (await client.get(path_of(event, "poster"))).content == (
        await client.get(f"/{poster['path']}")
    ).content
    small = await client.get(path_of(event, "poster"), params={"small": "true"})
    assert small.content == (await client.get(f"/{poster['small_path']}")).content


async def test_a_replaced_poster_is_gone_and_an_equal_one_changes_nothing(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    first = (await client.put(path_of(event, "poster"), json={"image": PICTURE})).json()
    assert (await client.put(path_of(event, "poster"), json={"image": PICTURE})).json() == first
    other = text_of(a_picture(colour=(200, 30, 30)))
    second = (await client.put(path_of(event, "poster"), json={"image": other})).json()
    assert second["poster"]["path"] != first["poster"]["path"]
    assert (await client.delete(path_of(event, "poster"))).status_code == 204
    assert (await client.delete(path_of(event, "poster"))).status_code == 204
    assert (await client.get(path_of(event))).json()["poster"] is None


async def test_a_poster_leaves_the_description_as_it_is(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    await client.patch(path_of(event), json={"description": TEXT})
    found = (await client.put(path_of(event, "poster"), json={"image": PICTURE})).json()
    assert found["description"] == TEXT
    assert (await client.patch(path_of(event), json={"description": None})).json()["poster"] == found[
        "poster"
    ]


async def test_a_draft_shows_nothing_to_strangers(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient
) -> None:
    event = await make_event(client, status="draft")
    await client.patch(path_of(event), json={"description": TEXT})
    poster = (await client.put(path_of(event, "poster"), json={"image": PICTURE})).json()["poster"]
    for path in (path_of(event), path_of(event, "poster"), f"/{poster['path']}"):
        assert (await client.get(path)).status_code == 200
        assert (await guest.get(path)).status_code == 404


async def test_a_change_is_no_change_of_the_sale(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    before = (await client.get(f"/v1/events/{event['number']}/availability")).json()["version"]
    await client.put(path_of(event, "poster"), json={"image": PICTURE})
    assert (await client.get(f"/v1/events/{event['number']}/availability")).json()["version"] == before


async def test_each_change_is_in_the_audit_once(app: Application, client: httpx2.AsyncClient) -> None:
    """However often its job runs. What changes nothing has no entry."""
    event = await make_event(client)
    for _ in range(2):
        await client.patch(path_of(event), json={"description": TEXT})
        await client.put(path_of(event, "poster"), json={"image": PICTURE})
    for _ in range(2):
        await client.delete(path_of(event, "poster"))
    await client.put(path_of(event, "poster"), json={"image": PICTURE})
    await client.delete(path_of(event, "poster"))
    jobs = delivery_of(app).jobs
    for _ in range(2):
        await run_due(runner_of(delivery_of(app)))
        for job in await jobs.list_jobs(kind=KIND, limit=10):
            assert await jobs.retry(job.id)
    entries = (await client.get(f"/v1/audit?object=event:{event['number']}")).json()["items"]
    assert sorted(entry["action"] for entry in entries) == [
        "description.changed",
        "poster.removed",
        "poster.removed",
        "poster.set",
        "poster.set",
    ]
    assert {entry["principal"] for entry in entries} == {"open"}
    assert all(entry["request_id"] for entry in entries)
    (described,) = (entry for entry in entries if entry["action"] == "description.changed")
    assert described["detail"]["summary"].startswith("Doors at seven With a talk.")


@pytest.mark.parametrize("name", ["x.jpg", "0123456789abcdef.png", "0123456789abcdef.jpg", "../poster.jpg"])
async def test_another_picture_is_not_found(client: httpx2.AsyncClient, name: str) -> None:
    event = await make_event(client)
    assert (await client.get(f"/e/{event['number']}/posters/{name}")).status_code == 404


async def test_the_poster_of_one_event_is_not_that_of_another(client: httpx2.AsyncClient) -> None:
    event, other = await make_event(client), await make_event(client)
    poster = (await client.put(path_of(event, "poster"), json={"image": PICTURE})).json()["poster"]
    name = poster["path"].rpartition("/")[2]
    assert (await client.get(f"/e/{other['number']}/posters/{name}")).status_code == 404
