"""Composition: from the settings to the application that answers requests."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast.app.settings import Settings

__all__ = ["build_app"]


def build_app(settings: Settings) -> Starlette:
    """The whole application."""

    async def alive(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    del settings
    return Starlette(routes=[Route("/healthz", alive)])
