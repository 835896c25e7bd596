"""Where this machine's server answers, for commands that are its clients."""

from __future__ import annotations

from holdfast.app.settings import Settings

__all__ = ["server_url"]


def server_url(settings: Settings, url: str | None) -> str:
    """The one that was named, or else by HOLDFAST_HOST and HOLDFAST_PORT; without a slash at the end."""
    return (url or f"http://{_reachable(settings.host)}:{settings.port or 8000}").rstrip("/")


def _reachable(host: str) -> str:
    """The host as a client of this machine writes it; listening everywhere is no address to call."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
