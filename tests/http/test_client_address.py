"""Client addresses: the first address from the right that is no trusted proxy."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from holdfast.access.permissions import Permission
from holdfast.http.client_address import TrustedProxies
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from support.http_surface import client_of, layer_of

routes = Routes(tag="tests")


@routes.get("/thing", policy=Permission.PUBLIC)
async def get_thing(request: Request) -> Reply:
    return Reply()


PROXIES = TrustedProxies(["10.0.0.0/8", "::1", "fd00::/8"])


def client(peer: str | None, **headers: str) -> str | None:
    scope = {"client": None if peer is None else (peer, 4711)}
    return PROXIES.client_of(
        scope, {name.replace("_", "-").encode(): value.encode("latin-1") for name, value in headers.items()}
    )


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("6.6.6.6,203.0.113.7 ,10.0.0.9,10.0.0.8", "203.0.113.7"),
        ("203.0.113.7:50123", "203.0.113.7"),
        ("[2001:db8::7]:50123", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("6.6.6.6, unknown", "10.0.0.1"),
        ("6.6.6.6, unknown, 10.0.0.9", "10.0.0.9"),
        ("6.6.6.6, , 10.0.0.9", "10.0.0.9"),
        ("", "10.0.0.1"),
        ("'; drop table", "10.0.0.1"),
        ("6.6.6.6, 203.0.113.700", "10.0.0.1"),
        ("6.6.6.6, 203.0.113.7\u00b2", "10.0.0.1"),
        ("6.6.6.6, 0x7f.1", "10.0.0.1"),
    ],
)
def test_x_forwarded_for_is_read_from_the_right(listed: str, found: str):
    """What an untrusted client wrote stands on the left, and what cannot be read ends the list."""
    assert client("10.0.0.1", x_forwarded_for=listed) == found


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ('for=6.6.6.6, For="203.0.113.7:80";proto=https;by=10.0.0.1', "203.0.113.7"),
        ('proto=https;for="[2001:db8::7]:4711"', "2001:db8::7"),
        ("for=6.6.6.6, for=203.0.113.7, for=10.0.0.9", "203.0.113.7"),
        ("for=6.6.6.6, for=_hidden", "10.0.0.1"),
        ("for=6.6.6.6, proto=https", "10.0.0.1"),
        ("for=6.6.6.6, xfor=203.0.113.7", "10.0.0.1"),
        ('for="6.6.6.6', "10.0.0.1"),
    ],
)
def test_forwarded_is_read_from_the_right(listed: str, found: str):
    assert client("10.0.0.1", forwarded=listed) == found


def test_two_headers_that_differ_name_nobody():
    """A proxy appends to one of them, and passes the other one on as the client wrote it."""
    spoofed = {"x_forwarded_for": "203.0.113.7", "forwarded": "for=6.6.6.6"}
    assert client("10.0.0.1", **spoofed) == "10.0.0.1"
    assert client("10.0.0.1", x_forwarded_for="203.0.113.7", forwarded="for=203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize("peer", ["203.0.113.9", "11.0.0.1", "fe80::1%lo"])
def test_a_stranger_names_nobody(peer: str):
    assert client(peer, x_forwarded_for="6.6.6.6", forwarded="for=6.6.6.6") == peer


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "::1", "fd00::1%eth0"])
def test_a_trusted_proxy_has_an_address_of_either_family(peer: str):
    assert client(peer, x_forwarded_for="203.0.113.7") == "203.0.113.7"


def test_a_caller_without_an_address_has_none():
    assert client(None, x_forwarded_for="203.0.113.7") is None


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy.example", "10.0.0.1/8", "*"])
def test_a_wrong_network_is_refused(text: str):
    with pytest.raises(ValueError, match="must list addresses and networks"):
        TrustedProxies([text])


async def test_the_log_shows_the_client():
    layer = layer_of(routes, access_log=True, proxies=PROXIES)
    with capture_logs() as logged:
        async with client_of(layer, peer=("10.0.0.1", 50_000)) as http:
            await http.get("/thing", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
    assert [line["client"] for line in logged] == ["203.0.113.7"]
