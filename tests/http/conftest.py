"""Fixtures of the HTTP surface."""

from http_app import app, client, closed_app, engine, guest, keyed_client

__all__ = ["app", "client", "closed_app", "engine", "guest", "keyed_client"]
