"""Service: liveness, readiness and metrics."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

import structlog
from pydantic import BaseModel

from holdfast.access.permissions import Permission
from holdfast.access.principals import MAIN
from holdfast.api.request import Request
from holdfast.errors import Fault, Forbidden
from holdfast.http.headers import weights
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.metrics import PROMETHEUS_CONTENT_TYPE, metric_totals, render_prometheus

__all__ = ["routes"]

routes = Routes(tag="service")
log = structlog.get_logger(__name__)

_TOTALS_EXAMPLE = {
    "events": 12,
    "active_holds": 41,
    "bookings": 30_210,
    "expired_holds": 8_114,
    "oldest_unswept_seconds": 0.4,
    "metrics": {"holdfast_holds_placed_total": 38_401.0, "holdfast_lane_depth": 3.0},
}


class HealthOut(BaseModel):
    status: Literal["ok", "ready"]


@routes.get(
    "/healthz",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=HealthOut,
    answers={200: {"status": "ok"}},
)
async def get_health(request: Request) -> dict[str, str]:  # noqa: ARG001 - every route gets the request
    """Report that the process answers."""
    return {"status": "ok"}


@routes.get(
    "/readyz",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=HealthOut,
    answers={200: {"status": "ready"}},
)
async def get_readiness(request: Request) -> dict[str, str]:
    """Report that the server can take traffic: the database answers. Otherwise, and during a shutdown, 503."""
    await request.inventory.operations.check()
    return {"status": "ready"}


@routes.get(
    "/metrics",
    policy=Permission.EVENTS_READ,
    response_type="text/plain",
    answers={200: "# TYPE holdfast_holds_placed_total counter\nholdfast_holds_placed_total 38401.0\n"},
    json_answer=_TOTALS_EXAMPLE,
)
async def get_metrics(request: Request) -> Reply:
    """Return the metrics of all workers in Prometheus' text format.

    With `Accept: application/json`, return the totals: the number of events, active holds, bookings and expired holds,
    and the sum of each metric over its labels.
    """
    if request.principal.organisation != MAIN or request.principal.events is not None:
        raise Forbidden(Forbidden.SERVER)
    headers = ((b"vary", b"accept"),)
    if weights(request.header(b"accept")).get("application/json"):
        totals: dict[str, Any] = asdict(await request.inventory.operations.count_totals())
        return Reply(body=encode(totals | {"metrics": metric_totals()}), headers=headers)
    try:
        await request.inventory.operations.observe_database()
        await request.delivery.observe()
    except Fault:  # the processes' own counts need no database
        log.warning("metrics_without_database")
    return Reply(
        body=render_prometheus(), headers=headers, content_type=PROMETHEUS_CONTENT_TYPE.encode("ascii")
    )
