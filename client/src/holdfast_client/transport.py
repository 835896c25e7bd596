"""Transport: the settings, requests and answers of both clients over httpx2; and how a call becomes a method."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar

import httpx2

from holdfast_client.calls import Answer, Call
from holdfast_client.errors import Unreachable
from holdfast_client.retrying import Retries

DEFAULT_URL = "http://127.0.0.1:8000"
STREAM_TIMEOUT = httpx2.Timeout(10.0, read=45.0)
"""The server sends a message or a comment every 15 seconds; after 45 silent ones the connection counts as lost."""

_ONCE = Retries(total_seconds=0)
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
        """Set up a client.

        `url` falls back to HOLDFAST_URL, then to this machine's port 8000; `api_key` to HOLDFAST_API_KEY, then to none.
        `timeout_seconds` limits one attempt, `retries` all of them.
        """
        self.url = (url or os.environ.get("HOLDFAST_URL") or DEFAULT_URL).rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(
                f"{self.url!r} is not the URL of a server: it must start with http:// or https://"
            )
        self._api_key = api_key or os.environ.get("HOLDFAST_API_KEY")
        self._timeout_seconds = timeout_seconds
        self._retries = retries or Retries()

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
        local = httpx2.URL(self.url).host in ("127.0.0.1", "localhost", "::1")
        return {"base_url": self.url, "headers": headers, "trust_env": not local}

    def _retries_of(self, call: Call[Any]) -> Retries:
        """Return the retries of a call. Health checks want the current state, so they have none."""
        return _ONCE if call.path in ("/healthz", "/readyz") else self._retries


def request_of(
    http: httpx2.Client | httpx2.AsyncClient, call: Call[Any], timeout: httpx2.Timeout | float
) -> httpx2.Request:
    return http.build_request(
        call.method,
        call.path,
        params=dict(call.query) or None,
        headers=dict(call.headers),
        content=call.content,
        timeout=timeout,
    )


def answer_of(response: httpx2.Response) -> Answer:
    return Answer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        content=response.content,
    )


def unreachable(error: httpx2.RequestError) -> Unreachable:
    found = Unreachable(f"No answer came: {str(error) or type(error).__name__}.")
    found.__cause__ = error
    return found


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
