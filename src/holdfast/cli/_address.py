"""Address: the URL of this machine's server, for commands that are its clients."""

from __future__ import annotations

from holdfast.app.settings import Settings
from holdfast.process.server_address import read_address

__all__ = ["server_url"]


def server_url(settings: Settings, url: str | None) -> str:
    """Return the given URL, that of a given HOLDFAST_PORT, or where this data directory's server listens.

    It has no slash at the end.
    """
    known = None if "port" in settings.model_fields_set else read_address(settings.data_dir)
    return (
        url or known or f"{settings.scheme}://{_reachable(settings.host)}:{settings.port or 8000}"
    ).rstrip("/")


def _reachable(host: str) -> str:
    """Return the host as a client of this machine writes it. A client cannot call a wildcard address."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
