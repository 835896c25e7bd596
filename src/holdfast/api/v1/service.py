"""Service: alive, ready."""

from __future__ import annotations

from holdfast.api.exchange import Exchange
from holdfast.api.policy import Policy
from holdfast.api.routes import Routes

routes = Routes(tag="service")


@routes.get("/healthz", policy=Policy.PUBLIC, answers={200: {"status": "ok"}})
async def get_health(exchange: Exchange) -> dict[str, str]:  # noqa: ARG001 - the layer's form
    """The process answers."""
    return {"status": "ok"}
