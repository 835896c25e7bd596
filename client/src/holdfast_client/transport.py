"""Transport: the settings, requests and answers of both clients over httpx2; and how a call becomes a method."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, TypeVar

import httpx2

from holdfast_client.calls import Answer, Call, sendable
from holdfast_client.errors import HoldfastError, Unsendable
from holdfast_client.failures import error_in_place_of
from holdfast_client.retrying import Retries

DEFAULT_URL = "http://127.0.0.1:8000"
STREAM_TIMEOUT = httpx2.Timeout(10.0, read=45.0)
"""The server sends a message or a comment every 15 seconds; after 45 silent ones the connection counts as lost."""

_ONCE = Retries(total_seconds=0)
_LOCAL = ("127.0.0.1", "localhost", "::1")
_MAX_PORT = 65_535
M = TypeVar("M", bound=Callable[..., Any])


class Settings:
    """The server's address, the caller's key, and the time limits."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_seconds: float = 10.0,
        retries: Retries | None = None,
    ) -> None:
        """Set up a client. Raises Unsendable for an address or a key that no request can carry.

        `url` falls back to HOLDFAST_URL, then to this machine's port 8000; `api_key` to HOLDFAST_API_KEY, then to none.
        `timeout_seconds` limits one attempt, `retries` all of them.
        """
        self.url = _valid_url(url or os.environ.get("HOLDFAST_URL") or DEFAULT_URL)
        key = api_key or os.environ.get("HOLDFAST_API_KEY")
        self._api_key = sendable(key, "The API key") if key else None
        self._timeout_seconds = timeout_seconds
        self._retries = retries or Retries()
        self._was_reached = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _options(self) -> dict[str, Any]:
        headers = {
            "user-agent": f"holdfast-python/{version('holdfast-client')}",
            "accept": "application/json",
        }
        if self._api_key:
            headers["authorization"] = f"Bearer {self._api_key}"
        # A proxy from the environment serves other machines; a request to this machine would only fail there.
        return {"base_url": self.url, "headers": headers, "trust_env": not self._is_local}

    @property
    def _is_local(self) -> bool:
        return httpx2.URL(self.url).host in _LOCAL

    def _retries_of(self, call: Call[Any]) -> Retries:
        """Return the retries of a call. Health checks want the current state, so they have none."""
        return _ONCE if call.path in ("/healthz", "/readyz") else self._retries

    def _failure(self, error: httpx2.RequestError) -> HoldfastError:
        """Return our error in place of the library's."""
        return error_in_place_of(error, self.url, was_reached=self._was_reached, is_local=self._is_local)


def _valid_url(text: str) -> str:
    """Return the address without a slash at its end.

    No message quotes it: it may have a password, and a caller may have passed the API key in its place.
    """
    text = text.strip().rstrip("/")
    if not text.startswith(("http://", "https://")):
        raise Unsendable("The URL of the server must start with http:// or https://.")
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError):
        raise Unsendable("The URL of the server is not a valid http:// or https:// address.") from None
    if url.userinfo or url.query or url.fragment:
        raise Unsendable("The URL of the server may have no user name, password, query or fragment.")
    if not url.host or " " in text or (url.port or 0) > _MAX_PORT:
        raise Unsendable(
            "The URL of the server needs a host after http:// or https://, and a valid port if any."
        )
    return text


@contextmanager
def with_valid_proxies() -> Iterator[None]:
    """Report an invalid proxy of the environment, whose URL often has a password, without quoting it."""
    try:
        yield
    except (httpx2.InvalidURL, ValueError):
        raise Unsendable(
            "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY in the environment is not the URL of a proxy."
        ) from None


def request_of(
    http: httpx2.Client | httpx2.AsyncClient, call: Call[Any], timeout: httpx2.Timeout | float
) -> httpx2.Request:
    """Return the request of a call. Raises Unsendable."""
    try:
        return http.build_request(
            call.method,
            call.path,
            params=dict(call.query) or None,
            headers=dict(call.headers),
            content=call.content,
            timeout=timeout,
        )
    except (httpx2.InvalidURL, UnicodeError):
        raise Unsendable(
            "An id, a label or a filter has characters or a length that no URL can have."
        ) from None


def answer_of(response: httpx2.Response) -> Answer:
    return Answer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        content=response.content,
    )


def as_method(method: M, build: Callable[..., Any], *, prefix: str = "") -> M:
    """Give the method the name, docstring and signature of the function that builds its call."""
    signature = inspect.signature(build)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__name__ = build.__name__.replace("list", "iterate", 1) if prefix else build.__name__
    method.__qualname__ = method.__name__
    method.__doc__ = prefix + (build.__doc__ or "")
    method.__signature__ = signature.replace(parameters=[this, *signature.parameters.values()])  # type: ignore[attr-defined]  # functions may carry one
    return method


EVERY_PAGE = "Every item of all pages, fetched on demand. "
