"""Fixtures of the HTTP surface."""

from support.http_app import app, client, closed_app, guest, inventory, keyed_client
from support.http_layer import http

__all__ = ["app", "client", "closed_app", "guest", "http", "inventory", "keyed_client"]
