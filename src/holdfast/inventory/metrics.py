"""Inventory metrics: counts of sales, and of the work on them."""

from __future__ import annotations

from functools import lru_cache

from holdfast.errors import HoldfastError
from holdfast.inventory.rules.changes import Changes
from holdfast.metrics import Look, Tally, Timing, counter, gauge, histogram

HOLDS_PLACED = counter("holdfast_holds_placed_total", "Holds placed.")
HOLDS_RELEASED = counter("holdfast_holds_released_total", "Holds released by their buyers or by staff.")
HOLDS_EXPIRED = counter("holdfast_holds_expired_total", "Lapsed holds whose rows were rewritten.")
BOOKINGS_CONFIRMED = counter(
    "holdfast_bookings_confirmed_total", "Bookings confirmed, instant ones included."
)
BOOKINGS_CANCELLED = counter("holdfast_bookings_cancelled_total", "Bookings cancelled.")
ADMISSIONS_BOOKED = counter("holdfast_admissions_booked_total", "Admissions in confirmed bookings.")
REFUSALS = counter("holdfast_refusals_total", "Commands refused, by code.", ["code"])
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
BATCH_SIZE = Timing(
    histogram("holdfast_batch_commands", "Commands decided together.", buckets=_SIZES), _SIZES
)
BATCH_SECONDS = Timing(histogram("holdfast_batch_seconds", "From taking a batch to its commit, in seconds."))
LANE_DEPTH = gauge(
    "holdfast_lane_depth", "Commands waiting in all lanes, at the last look.", across="livesum"
)
LIVE_HOLDS = gauge(
    "holdfast_live_holds", "Holds that have not lapsed, at the last look.", across="mostrecent"
)
OLDEST_UNSWEPT_SECONDS = gauge(
    "holdfast_oldest_unswept_expiry_seconds",
    "Seconds since the expiry of the oldest lapsed hold whose rows were not rewritten yet; 0 if there is none.",
    across="mostrecent",
)
CLOCK_AHEAD_SECONDS = gauge(
    "holdfast_clock_ahead_seconds",
    "By how many seconds the time of an event is ahead of the clock, at most; its holds do not expire meanwhile.",
    across="mostrecent",
)
STREAMS = gauge("holdfast_streams", "Clients of events' streams, at the last look.", across="livesum")
STREAM_SECONDS = histogram(
    "holdfast_stream_message_seconds",
    "Seconds from the first client that is sent a change to the last.",
)
STREAMS_BEHIND = counter(
    "holdfast_streams_behind_total",
    "Times that a client read too slowly for the next message, and got a snapshot later.",
)
VIOLATIONS = counter(
    "holdfast_invariant_violations_total",
    "Decisions that the database refused, and disagreements that the live check found.",
)
CHECK_LOOKS = counter("holdfast_live_check_looks_total", "Looks of the live check that were completed.")
CHECK_VERSIONS = counter(
    "holdfast_live_check_versions_total", "Versions of events that the live check has compared with the rows."
)
CHECK_PASSED_OVER = counter(
    "holdfast_live_check_passed_over_total", "Versions of events that the live check could not keep up with."
)
CHECK_SNAPSHOT_SECONDS = histogram(
    "holdfast_live_check_snapshot_seconds",
    "Seconds for which one snapshot of the live check was open.",
)
CHECK_DISAGREEMENTS = counter(
    "holdfast_live_check_disagreements_total", "Disagreements that the live check found, by code.", ["code"]
)
CHECK_STOPS = counter(
    "holdfast_live_check_stops_total", "Times that the live check stopped an event's sales."
)

POOL_SIZE = gauge("holdfast_database_connections", "Open database connections of all workers.")
POOL_MAX = gauge("holdfast_database_connections_max", "Max database connections of all workers.")
POOL_IN_USE = gauge("holdfast_database_connections_in_use", "Database connections that work on something.")
POOL_WAITING = gauge(
    "holdfast_database_connections_waiting", "Requests and batches that wait for a database connection."
)
DATABASE_UP = Look("holdfast_database_up", "Whether the database answered for these metrics: 1 or 0.")
BUILD_INFO = Look(
    "holdfast_build_info",
    "Always 1. The labels are the versions of Holdfast, of Python, and of PostgreSQL (empty until it answers).",
    ["version", "python", "postgres"],
)
EVENT_ADMISSIONS = Look(
    "holdfast_event_admissions",
    "Admissions of an event on sale, by state: of 50 events, those with the most held and booked.",
    ["event", "state"],
)
MAX_EVENTS = 50

_BY_CHANGE = {
    "held": Tally(HOLDS_PLACED),
    "released": Tally(HOLDS_RELEASED),
    "expired": Tally(HOLDS_EXPIRED),
    "booked": Tally(BOOKINGS_CONFIRMED),
    "cancelled": Tally(BOOKINGS_CANCELLED),
}
_ADMISSIONS = Tally(ADMISSIONS_BOOKED)


def count_changes(changes: Changes) -> None:
    """Count one commit's changes, by kind."""
    counts: dict[str, int] = {}
    booked = 0
    for entry in changes.journal:
        counts[entry["change"]] = counts.get(entry["change"], 0) + 1
        if entry["change"] == "booked":
            booked += sum(entry["areas"].values())
    for change, count in counts.items():
        if change in _BY_CHANGE:
            _BY_CHANGE[change].inc(count)
    if booked:
        _ADMISSIONS.inc(booked)


def count_refusal(refusal: HoldfastError) -> None:
    _refusals(refusal.code).inc()


@lru_cache(maxsize=256)
def _refusals(code: str) -> Tally:
    return Tally(REFUSALS.labels(code))
