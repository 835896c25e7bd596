"""References: relative ones stay below a proxy's path prefix."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest

from holdfast.http.references import problem_pages, root_from


@pytest.mark.parametrize("prefix", ["", "/tickets", "/a/b/c"])
@pytest.mark.parametrize(
    "path", ["/", "/docs", "/docs/", "/v1/holds", "/v1/events/7/seat-map", "/a/b/", "/a%2Fb/c"]
)
def test_the_root_of_a_path_is_the_prefix(prefix: str, path: str) -> None:
    address = f"https://tickets.example{prefix}{path}"
    assert urljoin(address, root_from(path.encode())) == f"https://tickets.example{prefix}/"


@pytest.mark.parametrize("path", [b"*", b"", b"/" * 8_000])
def test_a_path_that_no_route_has_leads_to_the_root(path: bytes) -> None:
    assert root_from(path) == "/"


def test_the_public_address_comes_first() -> None:
    assert problem_pages("https://tickets.example/a", b"/v1/holds") == "https://tickets.example/a/problems/"
    assert problem_pages("", b"/v1/holds") == "../problems/"
    assert problem_pages("", None) == "/problems/"
