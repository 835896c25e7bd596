"""The embedded seat map for programs: who may frame the event's page, and the files of the element.

The kind: a page or a file that another site may use, and one that it may not. What browsers do with them is in
`tests/docs/test_embed.py`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from holdfast.http.application import Application
from holdfast.web.embed_style import embed_style
from holdfast.web.static_files import all_static_files, scripts_of
from support.http_app import client_of, running_app
from web.visitor import Page

SHOP = "https://shop.example"
OTHER = "http://localhost:3000"
HALL = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 4, "category": "stalls"}]}
FILES = ("seat-map.js", "seat-map.css", "seat-map.d.ts")
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "embed.md"
ANCESTORS = re.compile(r"frame-ancestors ([^;]+)")


@pytest.fixture
async def listing(database_url: str) -> AsyncIterator[Application]:
    """A server with two origins on its list."""
    async with running_app(database_url, allowed_origins=f"{SHOP}, {OTHER}") as layer:
        yield layer


@pytest.fixture
async def shop(listing: Application) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(listing) as one:
        yield one


async def new_event(client: httpx2.AsyncClient, **places: object) -> int:
    made = await client.post("/v1/events", json={"name": "Concert", **(places or {"seat_map": HALL})})
    assert made.status_code == 201, made.text
    return int(made.json()["number"])


def framed_by(answer: httpx2.Response) -> str:
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1, "a second policy would be one more condition"
    assert "script-src 'self'" in policies[0]
    (found,) = ANCESTORS.findall(policies[0])
    return str(found)


async def test_listed_origins_frame_the_event_and_nothing_else(shop: httpx2.AsyncClient) -> None:
    """An error of the event's page is in the same frame. A query that only looks alike is another page."""
    number = await new_event(shop)
    for path in (
        f"/e/{number}?embed",
        f"/e/{number}?embed=&section=A",
        f"/e/{number}?section=A&embed=1",
        "/e/999?embed",
        f"/e/{number}?embed&embed",
    ):
        assert framed_by(await shop.get(path)) == f"{SHOP} {OTHER}", path
    for path in (
        f"/e/{number}",
        f"/e/{number}?embedded",
        f"/e/{number}?q=embed",
        "/e/999",
        "/whats-on?embed",
        "/find?embed",
        "/docs?embed",
        "/my/open?embed",
    ):
        assert framed_by(await shop.get(path)) == "'none'", path
    assert framed_by(await shop.head(f"/e/{number}?embed")) == f"{SHOP} {OTHER}"


async def test_without_a_list_nobody_frames_a_page(client: httpx2.AsyncClient) -> None:
    number = await new_event(client)
    assert framed_by(await client.get(f"/e/{number}?embed")) == "'none'"


@pytest.mark.parametrize("seated", [True, False], ids=["seats", "areas"])
async def test_a_framed_page_leads_on_in_the_whole_window(shop: httpx2.AsyncClient, seated: bool) -> None:
    """Every form that sells does. The links and the form of the list stay in the frame."""
    number = await new_event(shop, **({} if seated else {"areas": [{"name": "floor", "capacity": 5}]}))
    plain = (await shop.get(f"/e/{number}?section=A&row=1")).text
    framed = (await shop.get(f"/e/{number}?embed&section=A&row=1")).text
    forms = re.findall(r"<form[^>]*>", framed)
    assert len(forms) == len(re.findall(r"<form[^>]*>", plain)) > 0
    sent = [form for form in forms if 'method="post"' in form]
    assert all('target="_top"' in form for form in sent)
    assert framed.count('name="embed"') == len([form for form in forms if "method" not in form])
    assert "_top" not in plain
    for part in ("site-header", "site-footer"):
        assert part in plain
        assert part not in framed
    inside = [link for link in Page(framed).links if "section=" in link]
    assert all("?embed&" in link for link in inside)
    assert bool(inside) is seated


async def test_a_framed_event_that_is_over_leads_on_in_the_whole_window(shop: httpx2.AsyncClient) -> None:
    number = await new_event(shop)
    await shop.post(f"/v1/events/{number}/cancel")
    framed = (await shop.get(f"/e/{number}?embed")).text
    assert re.search(r'<a class="button" href="[^"]*whats-on" target="_top">', framed)


@pytest.mark.parametrize("file", FILES)
async def test_a_listed_page_reads_the_files_of_the_element(shop: httpx2.AsyncClient, file: str) -> None:
    """Their addresses stay, so a browser asks again after minutes, and gets 304 while they are the same."""
    path = f"/embed/{file}"
    found = await shop.get(path, headers={"origin": SHOP})
    assert found.status_code == 200
    assert found.headers["access-control-allow-origin"] == SHOP
    assert found.headers["cache-control"] == "public, max-age=300"
    again = await shop.get(path, headers={"origin": SHOP, "if-none-match": found.headers["etag"]})
    assert again.status_code == 304
    stranger = await shop.get(path, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers
    assert "origin" in stranger.headers["vary"]
    assert (await shop.get(f"{path}x")).status_code == 404


async def test_the_script_names_all_that_it_needs(shop: httpx2.AsyncClient) -> None:
    """So a browser asks for them at once. Each is there, and is kept for ever."""
    script = (await shop.get("/embed/seat-map.js")).text
    named = re.findall(r'"\.\./assets/([^"]+)"', script)
    assert {name.split(".")[0] + ".js" for name in named} == set(scripts_of("embed.js"))
    for name in named:
        found = await shop.get(f"/assets/{name}", headers={"origin": SHOP})
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["access-control-allow-origin"] == SHOP


def test_the_element_stays_small() -> None:
    """The guide says how large it is. A large house in short tasks, and the question who buys, take 3 kB of it."""
    script = sum(len(all_static_files()[name].packed) for name in map(_sent, scripts_of("embed.js")))
    assert script < 35_500
    assert len(embed_style()) < 60_000


def _sent(name: str) -> str:
    stem = name.removesuffix(".js")
    return next(each for each in all_static_files() if re.fullmatch(rf"{stem}\.[0-9a-f]{{12}}\.js", each))


def test_the_style_has_what_the_guide_promises() -> None:
    """And nothing that only a whole page has: no root, no body, and no width of the window."""
    style, guide = embed_style().decode(), GUIDE.read_text()
    table = guide.split("These names stay:")[1].split("\n\n")[1]
    names = set(re.findall(r"`(--[a-z0-9-]+)`", table))
    assert len(names) > 15
    for name in names - {"--map-height"}:
        assert re.search(rf"(?<![\w-]){name}:", style), name
    assert "var(--map-height," in style
    for gone in (
        r":root",
        r"@media \((min|max)-width",
        r"(^|[},])body\b",
        r"color-scheme: light dark",
        r"\dvw",
    ):
        assert not re.search(gone, style), gone
    assert style.count("{") == style.count("}")
