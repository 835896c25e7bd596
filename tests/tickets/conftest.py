"""Fixtures of the tickets."""

from __future__ import annotations

from support.http_app import app, client, closed_app, guest, inventory, keyed_client

__all__ = ["app", "client", "closed_app", "guest", "inventory", "keyed_client"]
