"""Secrets: no text of the SDK quotes one, and what can never be sent is refused before anything is sent.

The kind is every text that a person or a log may get: messages and their chains, representations, and refusals of
arguments. Its members are the API key, the hold token, the Idempotency-Key (with it a guest gets a stored answer), the
password of an address or a proxy, and bodies. I found the places by listing every `raise`, every `repr` of a dataclass
and every text of httpx2 that quotes its input.
"""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Callable
from contextlib import closing

import httpx2
import pytest

from holdfast_client import AsyncClient, Client, Quantity, Retries, errors, sales
from holdfast_client.calls import Answer
from holdfast_client.failures import error_in_place_of
from holdfast_client.models import Booking, Hold
from holdfast_client.reading import read
from holdfast_client.retrying import Send

SECRET = "hfk_abcd_" + "s3cr3t" * 6
NEVER = Retries(random=lambda: pytest.fail("a pause was chosen"))


def shown(error: BaseException) -> str:
    """Return all that a log would have of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


@pytest.mark.parametrize("key", [SECRET + "\n", f" {SECRET}\r\n", f"\t{SECRET}\u00a0"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_white_space_around_a_key_is_removed(kind: type[Client | AsyncClient], key: str) -> None:
    """A key from a file ends in a line break."""
    assert kind("http://tickets.example", key)._http.headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("key", [f"{SECRET}\n{SECRET}", f"{SECRET} x", f"{SECRET}é", f"{SECRET}\0", "\n"])
def test_a_key_that_no_header_can_carry_is_refused_without_it(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(errors.Unsendable, match="The API key is empty, or has characters") as raised:
        Client("http://tickets.example", key)
    assert "s3cr3t" not in shown(raised.value)
    monkeypatch.setenv("HOLDFAST_API_KEY", key.replace("\0", "\x01"))
    with pytest.raises(ValueError, match="The API key"):
        Client("http://tickets.example")


@pytest.mark.parametrize(
    "url",
    [
        SECRET,  # the two arguments in the wrong order
        f"http://ada:{SECRET}@tickets.example",
        f"http://{SECRET}@tickets.example",
        f"https://tickets.example/?key={SECRET}",
        f"https://tickets.example/#{SECRET}",
        f"http://tickets.example:{SECRET}",
        f"http://tickets.example:99999/{SECRET}",
        f"http://tick ets.example/{SECRET}",
        f"http://tickets.example/\x07{SECRET}",
        f"http:///{SECRET}",
        f"http://[::1/{SECRET}",
        f"http://tickets.example/{SECRET * 2000}",
    ],
)
def test_an_invalid_address_is_refused_without_it(url: str) -> None:
    with pytest.raises(errors.Unsendable, match="URL of the server") as raised:
        Client(url)
    assert "s3cr3t" not in shown(raised.value)


@pytest.mark.parametrize("proxy", [f"ftp://ada:{SECRET}@proxy:1", f"http://ada:{SECRET}@proxy:{SECRET}"])
def test_an_invalid_proxy_of_the_environment_is_refused_without_it(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(errors.Unsendable, match="HTTP_PROXY") as raised:
        Client("http://tickets.example")
    assert "s3cr3t" not in shown(raised.value)


HOLD = "00000000-0001-8000-8000-000000000001"
BROKEN = [f"{SECRET}\n{SECRET}", f"{SECRET}é", f"{SECRET}\0", ""]


@pytest.mark.parametrize("token", BROKEN)
@pytest.mark.parametrize(
    "build",
    [
        lambda token: sales.get_hold(HOLD, token=token),
        lambda token: sales.extend_hold(HOLD, token=token),
        lambda token: sales.confirm_hold(HOLD, token=token),
        lambda token: sales.cancel_booking(HOLD, token=token),
    ],
)
def test_a_token_that_no_header_can_carry_is_refused_without_it(
    build: Callable[[str], object], token: str
) -> None:
    with pytest.raises(errors.Unsendable, match="The hold token") as raised:
        build(token)
    assert "s3cr3t" not in shown(raised.value)


@pytest.mark.parametrize("key", BROKEN[:3])
def test_a_retry_key_that_no_header_can_carry_is_refused_without_it(key: str) -> None:
    with pytest.raises(errors.Unsendable, match="Idempotency-Key") as raised:
        sales.place_hold(7, Quantity(1), idempotency_key=key)
    assert "s3cr3t" not in shown(raised.value)


def test_a_token_from_a_file_is_sent_without_its_line_break() -> None:
    assert sales.get_hold(HOLD, token=f"{SECRET}\n").headers["hold-token"] == SECRET


@pytest.mark.parametrize("label", ["\ud800", "x" * 70_000])
def test_what_no_url_can_have_is_refused_and_never_retried(label: str) -> None:
    with Client("http://127.0.0.1:1", retries=NEVER) as client, pytest.raises(errors.Unsendable):
        client.list_bookings(reference=label)


def test_a_lone_surrogate_in_a_body_is_refused() -> None:
    """A traceback's error would have the whole body."""
    with pytest.raises(errors.Unsendable, match="lone surrogate") as raised:
        sales.place_hold(7, Quantity(1), buyer="\ud800" + SECRET)
    assert "s3cr3t" not in shown(raised.value)


def test_representations_have_no_secret() -> None:
    """Reporters of errors print the local variables of each frame."""
    call = sales.confirm_hold(HOLD, token=SECRET, buyer="ada", idempotency_key=SECRET)
    answer = Answer(status=200, headers={"x": SECRET}, content=SECRET.encode())
    client = Client("http://tickets.example", SECRET)
    for one in (call, sales.get_hold(HOLD, token=SECRET), Send(call, 1.0), answer, client):
        assert "s3cr3t" not in repr(one)
    for kind in (Hold, Booking):
        assert "hold_token" not in repr(kind).lower()
        assert not next(one for one in kind.__dataclass_fields__.values() if one.name == "hold_token").repr


def test_an_unreadable_answer_is_not_quoted() -> None:
    """The token's own place may have it in a wrong form."""
    for value in ([SECRET], {"token": SECRET}):
        with pytest.raises(errors.BadAnswer, match=r"hold_token: (list|dict) in place of str") as raised:
            read(Hold, {**_HOLD, "hold_token": value})
        assert "s3cr3t" not in shown(raised.value)
    for member, value in {"id": SECRET, "expires_at": SECRET, "quantity": SECRET, "lines": [SECRET]}.items():
        with pytest.raises(errors.BadAnswer, match=member) as raised:
            read(Hold, {**_HOLD, member: value})
        assert "s3cr3t" not in shown(raised.value)


_HOLD = {
    "id": HOLD,
    "event": HOLD,
    "event_number": 1,
    "status": "active",
    "lines": [],
    "quantity": 4,
    "requested": 4,
    "placed_at": "2026-11-05T18:30:00Z",
    "expires_at": "2026-11-05T18:32:00.25Z",
    "server_time": "2026-11-05T18:30:00Z",
}


def library_errors() -> list[type[httpx2.RequestError]]:
    """Return every class of httpx2 that a request can raise."""
    found: list[type[httpx2.RequestError]] = []
    waiting: list[type[httpx2.RequestError]] = [httpx2.RequestError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return found


@pytest.mark.parametrize("kind", library_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_library_becomes_one_of_ours_without_its_text(
    kind: type[httpx2.RequestError],
) -> None:
    """`Illegal header value b'Bearer hfk_…'` is such a text."""
    library = kind(f"Illegal header value b'Bearer {SECRET}'")
    error = error_in_place_of(library, "http://tickets.example", was_reached=True, is_local=False)
    assert isinstance(error, errors.Unreachable | errors.BadAnswer)
    assert "http://tickets.example" in error.detail
    assert "s3cr3t" not in shown(error)


def test_an_answer_that_quotes_the_request_does_not_reach_the_message() -> None:
    """A broken server or proxy that sends the header back, as a line that is no answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def echo() -> None:
            with closing(listening.accept()[0]) as one:
                one.sendall(one.recv(65536).split(b"\r\n\r\n")[0] + b"\r\n\r\n")

        thread = threading.Thread(target=echo)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        once = Retries(total_seconds=0)
        with Client(url, SECRET, retries=once) as client, pytest.raises(errors.Unreachable) as raised:
            client.get_event(7)
        thread.join()
    assert "the connection ended early" in raised.value.detail
    assert "s3cr3t" not in shown(raised.value)
