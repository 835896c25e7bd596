"""Below a path prefix of nginx (`location /tickets/ { proxy_pass http://…/; }`), nothing leads out of the prefix.

The other members of this kind are all places where the server writes a URL or a path. They were found by a search for
Location, Link, href, src, fetch, EventSource, `type` of problems, and paths in JSON, and each is tried below: pages and
what they load, `Location` of a 201 and of the seat map's redirect, `Link` of two dialects, `type` of problems from each
part of the server, the members of `/`, and the explorer's own requests. Streams, cookies and redirects of FastAPI (they
are off) have no URLs. The SDK and the command line are clients: the prefix is part of their URL.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest

from holdfast_client import Client, Quantity
from scenarios.wire.proxies import Proxy, Setup, free_port, program
from scenarios.wire.raw import exchange
from support.serving import Serving, run_holdfast

PREFIX = "/tickets/"
PAGES = ["guide", "whats-on", "docs", "docs?dialects", "problems", "problems/sold_out"]


def prefixed(port: int, server: int) -> str:
    location = f"location {PREFIX} {{ proxy_pass http://127.0.0.1:{server}/; }}"
    return f"server {{ listen 127.0.0.1:{port}; {location} }}\n"


class Site:
    """A server below the prefix, and a client of the proxy with a key."""

    def __init__(self, server: Serving, proxy: Proxy, key: str) -> None:
        self.server, self.key = server, key
        self.proxy = proxy
        self.url = f"http://127.0.0.1:{proxy.port}{PREFIX}"
        self.http = httpx2.Client(headers={"Authorization": f"Bearer {key}"}, follow_redirects=False)

    def get(self, path: str, **options: object) -> httpx2.Response:
        return self.http.get(urljoin(self.url, path), **options)  # type: ignore[arg-type]  # httpx checks them

    def leads_to(self, answer: httpx2.Response, reference: str, **headers: str) -> httpx2.Response:
        """Follow a reference as a client does: resolved against the address that it used."""
        found = urljoin(str(answer.request.url), reference)
        assert found.startswith(self.url), f"{answer.request.url} leads to {found}"
        return self.http.get(found, headers=headers)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="holdfast-prefix-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    if program("nginx") is None:
        pytest.skip("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="holdfast-prefix-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        data = Path(name) / "data"
        with Serving(data) as server:
            scopes = [part for scope in ("read", "sell", "organise") for part in ("--scope", scope)]
            made = run_holdfast("keys", "create", "prefix", *scopes, "--json", data_dir=str(data))
            key = re.search(r"hfk_\w+[\w-]+", made.stdout)
            assert key, made.stderr
            with Proxy(Setup(program="nginx", blocks=prefixed), server.port) as proxy:
                found = Site(server, proxy, key[0])
                with found.http:
                    yield found


class References(HTMLParser):
    """Everything that a page links to, loads or sends."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")
        ]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_and_what_it_loads_stay_below_the_prefix(site: Site, path: str) -> None:
    page = site.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    references = References(page.text).found
    assert len(references) >= 4
    for reference in references:
        found = site.leads_to(page, reference)
        if found.status_code == 303:  # an account's page sends a stranger to sign in
            found = site.leads_to(found, found.headers["location"])
        assert found.status_code == 200, reference


def test_the_explorer_loads_its_document_and_sends_to_the_prefix(site: Site) -> None:
    """A script's requests are relative to the page. `servers` has a prefix only with a public address."""
    page, script = site.get("docs"), site.get("docs/explorer.js").text
    references = re.findall(r'"([^"]*\.json)"', script)
    assert len(references) == 2
    for reference in references:
        assert site.leads_to(page, reference).headers["content-type"] == "application/json"
    assert 'servers: [{ url: new URL(".", window.location.href)' in script


def test_the_members_of_the_home_page_are_references(site: Site) -> None:
    about = site.get("", headers={"Accept": "application/json"})
    for name, reference in about.json().items():
        if name not in ("name", "open"):
            assert site.leads_to(about, reference).status_code == 200, name


def test_a_sale_and_the_places_of_its_objects(site: Site) -> None:
    made = site.http.post(
        f"{site.url}v1/events",
        json={"name": "Prefix", "seat_map": {"sections": [{"name": "A", "rows": 1, "seats_per_row": 4}]}},
    )
    assert made.status_code == 201, made.text
    assert site.leads_to(made, made.headers["location"]).json()["id"] == made.json()["id"]
    for reference in (made.json()["id"], made.json()["number"]):
        redirect = site.get(f"v1/events/{reference}/seat-map")
        assert redirect.status_code == 307
        assert "sections" in site.leads_to(redirect, redirect.headers["location"]).json()
    lines = [{"seats": ["A-1-1"]}]
    held = site.http.post(f"{site.url}v1/holds", json={"event": made.json()["number"], "lines": lines})
    assert held.status_code == 201, held.text
    token = {"Hold-Token": held.json()["hold_token"]}
    assert site.leads_to(held, held.headers["location"], **token).json()["id"] == held.json()["id"]
    booked = site.http.post(
        f"{site.url}v1/bookings", json={"hold": held.json()["id"], "hold_token": held.json()["hold_token"]}
    )
    assert site.leads_to(booked, booked.headers["location"], **token).json()["id"] == booked.json()["id"]


@pytest.mark.parametrize("path", ["shows?limit=1", "shows/?limit=1"])
def test_the_links_of_a_list(site: Site, path: str) -> None:
    for name in ("One", "Two"):
        assert site.http.post(f"{site.url}v1/events", json={"name": name, "capacity": 3}).status_code == 201
    first = site.get(path)
    second = site.leads_to(first, first.headers["link"].split(">")[0][1:])
    assert second.json() != first.json()
    assert len(second.json()) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("nothing", None),
        ("v1/events/999999", None),
        ("v1/events/999999/seats/A-1-1/history", None),
        ("v1/holds", {}),
        ("v1/holds", {"event": 999_999, "lines": [{"quantity": 1}]}),
        ("v1/events?limit=x", None),
        ("problems/nothing", None),
        ("docs/nothing.js", None),
    ],
)
def test_every_type_leads_to_its_page(site: Site, path: str, body: object) -> None:
    address = urljoin(site.url, path)
    answer = site.http.get(address) if body is None else site.http.post(address, json=body)
    assert answer.status_code >= 400
    page = site.leads_to(answer, answer.json()["type"])
    assert page.headers["content-type"].startswith("text/html")
    assert f"<code>{answer.json()['code']}</code>" in page.text


async def test_a_refusal_from_below_the_application_has_a_type_too(site: Site) -> None:
    """Without a readable path, the reference is a full path."""
    (answer,) = await exchange(site.server.port, [b"GET /healthz HTTP/1.1\r\nbroken\r\n\r\n"])
    assert b'"type":"/problems/bad_request"' in answer.body


def test_a_client_sells_below_the_prefix(site: Site) -> None:
    """The SDK takes the prefix as part of its URL, and follows the seat map's redirect."""
    with Client(site.url, api_key=site.key) as client:
        event = client.create_event("SDK", capacity=4)
        hold = client.place_hold(event.number, Quantity(1))
        assert client.confirm_hold(hold).status == "confirmed"
        assert client.get_seat_map(event.number).sections == ()


@pytest.mark.skipif(program("nginx") is None, reason="nginx is not installed")
def test_with_a_public_address_the_type_is_absolute(data_dir: Path) -> None:
    """So are the commands of the guide. Everything else stays relative, so that it works at other addresses too."""
    public = "https://tickets.example/tickets"
    with (
        Serving(data_dir, public_url=f"{public}/") as server,
        Proxy(Setup(program="nginx", blocks=prefixed), server.port) as proxy,
    ):
        url = f"http://127.0.0.1:{proxy.port}{PREFIX}"
        assert any(f" Public address: {public} " in line for line in server.said), server.said
        assert httpx2.get(f"{url}v1/events/7").json()["type"] == f"{public}/problems/event_not_found"
        guide = httpx2.get(f"{url}guide").text
        assert f"export HOLDFAST_URL={public}\n" in guide
        assert all("://" not in reference for reference in References(guide).found)
        assert httpx2.get(f"{url}openapi.json").json()["servers"] == [{"url": public}]


def test_an_invalid_public_address_stops_the_start(tmp_path: Path) -> None:
    done = run_holdfast(
        "serve", "--port", str(free_port()), data_dir=str(tmp_path), public_url="tickets.example"
    )
    assert done.returncode == 1
    assert "HOLDFAST_PUBLIC_URL must be a URL such as https://tickets.example" in done.stderr
