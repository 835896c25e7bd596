"""Tables: which ones have rows of events, and so live on the events' nodes, and which ones stay in one place.

On one PostgreSQL all are together. Citus distributes the first kind by the event's number.
"""

from __future__ import annotations

__all__ = ["APPEND_ONLY", "OF_EVENTS", "OF_NO_EVENT"]

OF_EVENTS = (
    "inventories",  # first, because each batch locks its row before any other
    "events",
    "areas",
    "seats",
    "map_details",
    "holds",
    "bookings",
    "blocks",
    "claims",
    "journal",
    "attempts",
    "idempotency",
    "jobs",
    "job_attempts",
    "feeds",
    "ticket_revisions",
    "doors",
    "check_ins",
    "presentations",
    "sale_minutes",
)
"""Tables with an event's number in each row. Number 0 stands for no event, as in `jobs`."""

OF_NO_EVENT = (
    "schema_generation",
    "leases",
    "seat_maps",
    "event_creations",
    "api_keys",
    "organisations",
    "webhook_endpoints",
    "sessions",
    "one_time_tokens",
    "refresh_tokens",
    "totp_apps",
    "recovery_codes",
    "passkeys",
    "used_challenges",
    "accounts",
    "memberships",
    "audit_entries",
)
"""Tables of the control database. On Citus they stay on the coordinator, as all sequences do."""

APPEND_ONLY = ("journal", "check_ins", "audit_entries")
"""Records of what was done. A server only adds to them, so its role needs no right to change them.

Only two commands of an owner change one: `db fix-clock`, and the deletion of old audit entries.
"""
