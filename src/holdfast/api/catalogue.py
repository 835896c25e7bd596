"""Catalogue of routes: `/v1`, the five dialects, and the document of them all."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from holdfast.api import dialects, v1
from holdfast.http.openapi import document_routes
from holdfast.http.routes import Endpoint, Routes


def all_endpoints() -> list[Endpoint]:
    """Every route that is declared as `routes` in a module of `api/v1` or `api/dialects`."""
    endpoints: list[Endpoint] = []
    for package in (v1, dialects):
        for module in sorted(iter_modules(package.__path__), key=lambda each: each.name):
            routes = getattr(import_module(f"{package.__name__}.{module.name}"), "routes", None)
            if isinstance(routes, Routes):
                endpoints.extend(routes)
    return [*endpoints, *document_routes(endpoints)]
