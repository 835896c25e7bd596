"""The pages of a server in a browser: they load everything from the server, and have nothing inline."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2
import pytest

from holdfast.api.catalogue import ABOUT, all_endpoints
from holdfast.api.v1 import docs, problems
from holdfast.errors import all_errors
from holdfast.errors.guide import GUIDE
from holdfast.http.openapi import openapi_document
from holdfast.http.routes import Routes
from holdfast.web import first_steps
from holdfast.web.catalogue import all_pages
from support.http_surface import client_of, layer_of

PAGES = ["/guide", "/docs", "/problems", "/problems/sold_out"]


def pages() -> Routes:
    found = Routes(tag="service")
    found.endpoints = [*docs.routes, *problems.routes, *first_steps.routes]
    return found


@pytest.fixture
async def browser() -> AsyncIterator[httpx2.AsyncClient]:
    """A browser on this machine, which is staff in open mode."""
    async with client_of(layer_of(pages())) as client:
        yield client


class _References(HTMLParser):
    """Collects what a page loads, links to, and has inline."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.linked.append(urljoin(self._page, given.get("href") or ""))
        elif tag in ("script", "img"):
            self.loaded.append(urljoin(self._page, given.get("src") or ""))
        elif tag == "link":
            self.loaded.append(urljoin(self._page, given.get("href") or ""))
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


async def _references(browser: httpx2.AsyncClient, path: str) -> _References:
    answer = await browser.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    found = _References(path)
    found.feed(answer.text)
    return found


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_everything_from_its_server(browser: httpx2.AsyncClient, path: str) -> None:
    """A page has nothing inline. So it needs no exception from the content security policy, and works offline."""
    found = await _references(browser, path)
    assert found.loaded
    assert found.inline == []
    for reference in found.loaded:
        assert (await browser.get(reference)).status_code == 200, reference


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_links_only_to_routes(browser: httpx2.AsyncClient, path: str) -> None:
    known = {one.path for one in (*all_endpoints(), *all_pages()) if one.method == "GET"}
    known |= {f"/problems/{code}" for code in GUIDE}
    found = await _references(browser, path)
    assert {link.partition("?")[0] for link in found.linked} <= known


@pytest.mark.parametrize("path", PAGES)
async def test_the_policy_of_the_pages_allows_nothing_inline(browser: httpx2.AsyncClient, path: str) -> None:
    policy = (await browser.get(path)).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy


async def test_the_guide_shows_whether_open_mode_applies(browser: httpx2.AsyncClient) -> None:
    here = (await browser.get("/guide")).text
    async with client_of(layer_of(pages()), peer=("203.0.113.7", 1)) as stranger:
        there = (await stranger.get("/guide")).text
    assert "<strong>Open mode.</strong>" in here
    assert "<strong>Closed.</strong>" in there


@pytest.mark.parametrize(
    "accept", ["text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json;q=0.5, text/html"]
)
async def test_a_browser_is_sent_to_the_events(browser: httpx2.AsyncClient, accept: str) -> None:
    answer = await browser.get("/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["location"]) == (303, "./whats-on")
    assert answer.headers["vary"] == "accept"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", "application/json, text/html"])
async def test_the_home_page_is_json_for_programs(browser: httpx2.AsyncClient, accept: str) -> None:
    answer = await browser.get("/", headers={"Accept": accept})
    assert answer.headers["vary"] == "accept"
    assert answer.json() == {
        "name": "Holdfast",
        "open": True,
        "docs": "docs",
        "openapi": "openapi.json",
        "dialects": "dialects/openapi.json",
        "problems": "problems",
        "health": "healthz",
        "ready": "readyz",
    }


async def test_in_open_mode_the_guide_shows_commands_for_the_requested_address(
    browser: httpx2.AsyncClient,
) -> None:
    text = (await browser.get("/guide", headers={"Host": "127.0.0.1"})).text
    assert "export HOLDFAST_URL=http://127.0.0.1<" in text
    assert "HOLDFAST_API_KEY" not in text


@pytest.mark.parametrize("host", ["tickets.example", "tickets.example:8000", "x'+alert(1)+'"])
async def test_a_closed_guide_shows_no_command_that_would_be_refused(
    browser: httpx2.AsyncClient, host: str
) -> None:
    """The server cannot know how strangers reach it: a proxy may end TLS, and `Host` may be anything."""
    text = (await browser.get("/guide", headers={"Host": host})).text
    assert "http://" not in text
    assert "alert" not in text
    assert "holdfast keys create" in text
    assert 'curl -s $HOLDFAST_URL/v1/events \\\n     -H "Authorization: Bearer $HOLDFAST_API_KEY"' in text


async def test_the_guide_shows_the_public_address() -> None:
    public = layer_of(pages(), public_url="https://tickets.example/tickets")
    async with client_of(public, peer=("203.0.113.7", 1)) as stranger:
        text = (await stranger.get("/guide")).text
    assert "export HOLDFAST_URL=https://tickets.example/tickets\n" in text


@pytest.mark.parametrize("code", GUIDE)
async def test_every_code_has_a_page(browser: httpx2.AsyncClient, code: str) -> None:
    """The `type` of a problem leads to it: what it means, when it comes, what to do, and an example."""
    page = (await browser.get(f"/problems/{code}", headers={"Accept": "text/html"})).text
    for heading in ("What it means", "When it comes", "What to do", "An example"):
        assert f"<h2>{heading}</h2>\n<p" in page
    as_json = await browser.get(f"/problems/{code}", headers={"Accept": "application/json"})
    found = as_json.json()
    assert found["code"] == found["example"]["code"] == code
    assert all(found[name].endswith((".", "…")) for name in ("detail", "effect", "cause", "remedy")), found
    assert as_json.url.join(found["example"]["type"]).path == f"/problems/{code}"


def test_the_guide_has_every_error_of_the_tree() -> None:
    assert set(GUIDE) == {*all_errors(), "error"}


async def test_the_list_of_problems_has_every_code(browser: httpx2.AsyncClient) -> None:
    found = (await browser.get("/problems", headers={"Accept": "application/json"})).json()
    assert [one["code"] for one in found["items"]] == list(GUIDE)
    assert (await _references(browser, "/problems")).linked[: len(GUIDE)] == [
        f"/problems/{one}" for one in GUIDE
    ]


@pytest.mark.parametrize("code", ["nothing", "SOLD_OUT", "sold_out.html", "__class__", "%3Cscript%3E"])
async def test_a_page_of_an_unknown_code_is_not_found(browser: httpx2.AsyncClient, code: str) -> None:
    answer = await browser.get(f"/problems/{code}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_file_is_compressed_and_cached(
    browser: httpx2.AsyncClient,
) -> None:
    plain = await browser.get("/docs/swagger-ui.js", headers={"Accept-Encoding": "identity"})
    packed = await browser.get("/docs/swagger-ui.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"], "one tag stands for the same octets"
    for coding, status in (("identity", 200), ("gzip", 304)):
        known = {"If-None-Match": packed.headers["etag"], "Accept-Encoding": coding}
        again = await browser.get("/docs/swagger-ui.js", headers=known)
        assert (again.status_code, bool(again.content)) == (status, status == 200)


@pytest.mark.parametrize("name", ["nothing.css", "%2e%2e%2fv1%2fdocs.py", "home.html", "holdfast.css/x"])
async def test_no_other_file_is_served(browser: httpx2.AsyncClient, name: str) -> None:
    assert (await browser.get(f"/docs/{name}")).status_code == 404


def test_every_tag_of_a_route_is_described_in_the_document() -> None:
    """The explorer would show a tag without a description first."""
    document = openapi_document(all_endpoints(), ABOUT)
    used = {
        tag for path in document["paths"].values() for operation in path.values() for tag in operation["tags"]
    }
    assert [tag["name"] for tag in document["tags"] if tag["name"] not in used] == []
    assert used <= {tag["name"] for tag in document["tags"]}


async def test_the_explorer_shows_this_servers_own_document(browser: httpx2.AsyncClient) -> None:
    script = (await browser.get("/docs/explorer.js")).text
    assert set(re.findall(r'"([^"]*openapi.json)"', script)) == {"openapi.json", "dialects/openapi.json"}
    assert re.findall(r'"/[^"]*"', script) == [], "a path from the root leaves a proxy's path prefix"
