"""Fixtures of the dialects: the whole application, with open mode on and off."""

from support.http_app import app, client, closed_app, guest, inventory, keyed_client

__all__ = ["app", "client", "closed_app", "guest", "inventory", "keyed_client"]
