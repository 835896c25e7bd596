"""Pages with a description and a poster: the event's, the programme, and what search engines read."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest

from support.http_app import client_of, running_app
from support.pictures import PICTURE

TEXT = "## The band\n\nPlays *loud* <b>jazz</b>. [More](https://band.example)"


async def presented(client: httpx2.AsyncClient, **more: Any) -> tuple[int, Any]:
    made = await client.post("/v1/events", json={"name": "Jazz", "capacity": 5, **more})
    number = int(made.json()["number"])
    await client.patch(f"/v1/events/{number}/presentation", json={"description": TEXT})
    answer = await client.put(f"/v1/events/{number}/poster", json={"image": PICTURE})
    return number, answer.json()["poster"]


@pytest.mark.parametrize(
    "places", [{}, {"seat_map": {"sections": [{"name": "A", "rows": 2, "seats_per_row": 5}]}}]
)
async def test_the_page_of_an_event_shows_its_description_and_poster(
    client: httpx2.AsyncClient, places: dict[str, Any]
) -> None:
    number, poster = await presented(client, **places)
    page = (await client.get(f"/e/{number}")).text
    assert "<h3>The band</h3>" in page
    assert "Plays <em>loud</em> &lt;b&gt;jazz&lt;/b&gt;." in page
    assert '<a href="https://band.example" rel="nofollow ugc noopener">More</a>' in page
    assert f'src="../{poster["path"]}"' in page
    assert 'alt="Poster: Jazz"' in page


async def test_an_event_without_them_shows_neither(client: httpx2.AsyncClient) -> None:
    made = await client.post("/v1/events", json={"name": "Jazz", "capacity": 5})
    page = (await client.get(f"/e/{made.json()['number']}")).text
    assert "About this event" not in page
    assert "<img" not in page


async def test_the_programme_shows_the_small_poster(client: httpx2.AsyncClient) -> None:
    _, poster = await presented(client)
    await client.post("/v1/events", json={"name": "Another", "capacity": 5})
    page = (await client.get("/whats-on")).text
    assert page.count("<img") == 1
    assert f'src="./{poster["small_path"]}"' in page


async def test_the_programme_shows_the_first_sentence_of_a_description(client: httpx2.AsyncClient) -> None:
    """As words alone, whatever is written. Without a description, there is no empty line."""
    await presented(client)
    await client.post("/v1/events", json={"name": "Another", "capacity": 5})
    page = (await client.get("/whats-on")).text
    assert re.findall(r'<p class="opening[^>]*>(.*?)</p>', page) == ["Plays loud &lt;b&gt;jazz&lt;/b&gt;."]


async def test_a_search_engine_reads_the_description(client: httpx2.AsyncClient) -> None:
    number, _ = await presented(client, venue="Harbour hall")
    page = (await client.get(f"/e/{number}")).text
    assert structured(page)["description"] == "The band Plays loud <b>jazz</b>. More"
    (shared,) = re.findall(r'property="og:description" content="([^"]*)"', page)
    assert shared == "Harbour hall. The band Plays loud &lt;b&gt;jazz&lt;/b&gt;. More"


PUBLIC = "https://tickets.example"


async def test_a_preview_shows_the_poster_by_its_whole_address(database_url: str) -> None:
    """Social networks and search engines alike. An event without a poster names no picture."""
    async with running_app(database_url, public_url=PUBLIC) as app, client_of(app) as client:
        number, poster = await presented(client)
        bare = (await client.post("/v1/events", json={"name": "Bare", "capacity": 5})).json()["number"]
        page, other = [(await client.get(f"/e/{each}")).text for each in (number, bare)]
    shown = dict(re.findall(r'property="og:(image[^"]*)" content="([^"]*)"', page))
    address = f"{PUBLIC}/{poster['path']}"
    assert shown == {
        "image": address,
        "image:width": str(poster["width"]),
        "image:height": str(poster["height"]),
    }
    assert structured(page)["image"] == address
    assert "og:image" not in other
    assert "image" not in structured(other)
    assert structured(other)["url"] == f"{PUBLIC}/e/{bare}"


def structured(page: str) -> dict[str, Any]:
    """Return what a search engine reads."""
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    read: dict[str, Any] = json.loads(found)
    return read
