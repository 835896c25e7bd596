"""Limits of a deployment, from its settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from holdfast.app.settings import Settings
from holdfast.http.request_limits import RequestLimits, RequestRates
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.limits import classes
from holdfast.limits.attempts import AttemptLimits, MemoryAttempts
from holdfast.limits.live_holds import LiveHolds
from holdfast.limits.open_streams import OpenStreams
from holdfast.limits.rate_limits import RateLimits
from holdfast.limits.rate_table import RateTable
from holdfast.limits.redis_attempts import RedisAttempts
from holdfast.limits.redis_counts import RedisCounts
from holdfast.limits.shared_holds import SharedHolds
from holdfast.limits.shared_rates import SharedRates

__all__ = ["CallerLimits", "build_limits", "follow_holds"]

_OF_GUESTS = frozenset(
    {
        "limit_holds_per_minute",
        "limit_requests_per_minute",
        "limit_account_requests_per_minute",
        "limit_streams",
        "limit_live_admissions",
        "limit_unbooked_holds",
    }
)
"""Setting one of them turns the limits of guests and accounts on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLimits:
    """What counts callers in one process."""

    redis: RedisCounts | None
    """None if each server counts alone."""
    attempts: AttemptLimits
    requests: RequestLimits | None
    """None if nothing limits requests."""
    live_holds: LiveHolds | SharedHolds | None
    """None if nothing limits holds."""
    open_streams: OpenStreams | None
    """None if nothing limits streams."""


def build_limits(settings: Settings, server_key: bytes) -> CallerLimits:
    """Return the limits, whose memory all workers of a server share."""
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    folder = Path(named) if named else None
    table = RateTable(folder)
    redis = None
    if settings.rate_limit_url is not None:
        redis = RedisCounts(settings.rate_limit_url.get_secret_value())
    is_on = settings.limits
    if is_on is None:
        is_on = not _OF_GUESTS.isdisjoint(settings.model_fields_set)
    if redis is None:
        rates = RateLimits(table, server_key=server_key)
    else:
        rates = SharedRates(table, redis, server_key=server_key)
    return CallerLimits(
        redis=redis,
        attempts=AttemptLimits(
            MemoryAttempts(table) if redis is None else RedisAttempts(redis),
            classes.SIGN_INS.rate(settings.limit_sign_ins_per_quarter_hour),
            server_key=server_key,
        ),
        requests=_request_limits(settings, rates, of_guests=is_on),
        live_holds=_live_holds(settings, folder, redis, server_key) if is_on else None,
        open_streams=OpenStreams(folder, max_streams=settings.limit_streams, server_key=server_key)
        if is_on and settings.limit_streams
        else None,
    )


def _request_limits(settings: Settings, limits: RateLimits, *, of_guests: bool) -> RequestLimits | None:
    rates = RequestRates(
        holds=classes.HOLDS.rate(settings.limit_holds_per_minute if of_guests else 0),
        requests=classes.REQUESTS.rate(settings.limit_requests_per_minute if of_guests else 0),
        accounts=classes.ACCOUNT_REQUESTS.rate(
            settings.limit_account_requests_per_minute if of_guests else 0
        ),
        keys=classes.KEY_REQUESTS.rate(settings.limit_key_requests_per_minute),
    )
    return RequestLimits(limits, rates) if any(rate.quantity for rate in rates) else None


def _live_holds(
    settings: Settings, folder: Path | None, redis: RedisCounts | None, server_key: bytes
) -> LiveHolds | SharedHolds | None:
    admissions, unbooked = settings.limit_live_admissions, settings.limit_unbooked_holds
    if not (admissions or unbooked):
        return None
    marked = unbooked if redis is None else 0
    local = LiveHolds(folder, max_admissions=admissions, max_unbooked=marked, server_key=server_key)
    return local if redis is None else SharedHolds(local, redis, max_unbooked=unbooked)


def follow_holds(live_holds: LiveHolds | SharedHolds) -> Callable[[Changes, datetime], None]:
    """Return what follows each commit of the process: holds that were placed, extended or ended."""

    def follow(changes: Changes, now: datetime) -> None:
        lapse, seconds = now, 0.0
        for id, record in changes.new_holds.items():
            if record.status is HoldStatus.ACTIVE:
                if record.expires_at != lapse:  # most holds of a batch lapse together
                    lapse = record.expires_at
                    seconds = (lapse - now).total_seconds()
                live_holds.keep(id, record.quantity, seconds)
            else:
                live_holds.end(id, booked=record.status is HoldStatus.CONFIRMED)
        for id, expires_at in changes.extended_holds.items():
            live_holds.extend(id, (expires_at - now).total_seconds())
        for id, status in changes.moved_holds.items():
            live_holds.end(id, booked=status is HoldStatus.CONFIRMED)

    return follow
