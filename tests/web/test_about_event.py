"""What machines read of an event's page: search engines, social networks, calendars.

The kind: a word of a stranger in a place with its own grammar. A name may have the signs of HTML, JSON or a calendar.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest

NAMES = [
    "Concert",
    "</script><script>alert(1)</script>",
    "Quotes \" and ' and & and <b>",
    "Commas, semicolons; backslashes \\ and a very long name that does not fit a line: " + "Ö" * 60,
]


async def new_event(client: httpx2.AsyncClient, **more: Any) -> int:
    made = await client.post("/v1/events", json={"name": "Concert", "capacity": 5, **more})
    assert made.status_code == 201, made.text
    return int(made.json()["number"])


async def structured(client: httpx2.AsyncClient, number: int) -> Any:
    page = (await client.get(f"/e/{number}")).text
    return json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[0])


@pytest.mark.parametrize("name", NAMES)
async def test_a_search_engine_reads_the_event(client: httpx2.AsyncClient, name: str) -> None:
    starts = {"starts_at": "2031-05-04T18:30:00Z", "time_zone": "Europe/Berlin", "venue": "Harbour hall"}
    found = await structured(client, await new_event(client, name=name, **starts))
    assert found == {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": name,
        "eventStatus": "https://schema.org/EventScheduled",
        "startDate": "2031-05-04T20:30:00+02:00",
        "location": {"@type": "Place", "name": "Harbour hall"},
        "offers": {"@type": "Offer", "availability": "https://schema.org/InStock"},
    }


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"on_sale_at": "2031-01-01T10:00:00Z"}, "PreOrder"),
        ({"off_sale_at": "2001-01-01T10:00:00Z"}, "SoldOut"),
    ],
)
async def test_the_offer_says_whether_it_can_be_had(
    client: httpx2.AsyncClient, more: dict[str, str], says: str
) -> None:
    found = await structured(client, await new_event(client, **more))
    assert found["offers"]["availability"] == f"https://schema.org/{says}"


async def test_a_cancelled_event_has_no_offer(client: httpx2.AsyncClient) -> None:
    number = await new_event(client)
    await client.post(f"/v1/events/{number}/cancel")
    found = await structured(client, number)
    assert found["eventStatus"] == "https://schema.org/EventCancelled"
    assert "offers" not in found


@pytest.mark.parametrize("name", NAMES)
async def test_a_calendar_reads_the_event(client: httpx2.AsyncClient, name: str) -> None:
    number = await new_event(
        client, name=name, starts_at="2031-05-04T18:30:00Z", venue="Hall; left, upstairs"
    )
    answer = await client.get(f"/e/{number}/calendar.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.content.endswith(b"END:VCALENDAR\r\n")
    assert max(len(line) for line in answer.content.split(b"\r\n")) <= 75
    lines = answer.content.decode().replace("\r\n ", "").split("\r\n")
    fields = dict(line.split(":", 1) for line in lines if line and not line.startswith(("BEGIN", "END")))
    assert re.sub(r"\\([\\;,])", r"\1", fields["SUMMARY"]) == name
    assert re.sub(r"\\([\\;,])", r"\1", fields["LOCATION"]) == "Hall; left, upstairs"
    assert fields["DTSTART"] == "20310504T183000Z"


async def test_an_event_without_a_date_is_in_no_calendar(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient
) -> None:
    """And a draft is in none of a guest's."""
    undated = await new_event(client)
    draft = await new_event(client, starts_at="2031-05-04T18:30:00Z", status="draft")
    assert (await client.get(f"/e/{undated}/calendar.ics")).status_code == 404
    assert "calendar.ics" not in (await client.get(f"/e/{undated}")).text
    assert (await guest.get(f"/e/{draft}/calendar.ics")).status_code == 404
