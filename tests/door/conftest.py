"""Fixtures of the door."""

from __future__ import annotations

from support.http_app import app, client

__all__ = ["app", "client"]
