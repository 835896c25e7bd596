"""The public address: checked at the start, and in one form."""

from __future__ import annotations

import pytest

from holdfast.app.settings import load_settings
from holdfast.process.errors import CannotStart


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://tickets.example", "https://tickets.example"),
        ("https://tickets.example/", "https://tickets.example"),
        (" https://Tickets.Example/Hall/ ", "https://tickets.example/Hall"),
        ("HTTPS://tickets.example:443/a//", "https://tickets.example/a"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://10.0.0.7:80", "http://10.0.0.7"),
        ("http://[::1]:8000/x", "http://[::1]:8000/x"),
        ("https://xn--mller-kva.example/a%20b", "https://xn--mller-kva.example/a%20b"),
    ],
)
def test_an_address_has_one_form(monkeypatch: pytest.MonkeyPatch, given: str, kept: str) -> None:
    monkeypatch.setenv("HOLDFAST_PUBLIC_URL", given)
    assert load_settings().public_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "tickets.example",
        "//tickets.example",
        "ftp://tickets.example",
        "https://",
        "https:///x",
        "https://user:secret@tickets.example",
        "https://tickets.example?a=b",
        "https://tickets.example/#",
        "https://tickets.example:port",
        "https://tickets.example:99999",
        "https://tickets example",
        "https://tickets.example/a b",
        "https://tickets.example/<script>",
        "https://tickets.example/../x",
        "https://tickets.example/a//b",
        "https://tickets.example/\r\nX: y",
        "https://müller.example",
        "https://-a.example",
        "https://[::1",
        "https://tickets.example/" + "a" * 500,
    ],
)
def test_anything_else_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("HOLDFAST_PUBLIC_URL", given)
    with pytest.raises(CannotStart, match=r"^HOLDFAST_PUBLIC_URL must [^\r\n]+$"):
        load_settings()


def test_without_the_setting_there_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_PUBLIC_URL", "")
    assert load_settings().public_url is None
