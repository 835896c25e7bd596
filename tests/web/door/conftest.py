"""Fixtures of the door's pages."""

from __future__ import annotations

from support.http_app import app, client, closed_app, guest, inventory

__all__ = ["app", "client", "closed_app", "guest", "inventory"]
