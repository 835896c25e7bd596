"""Baselines: the two ways in which people write this today, each a fair and idiomatic FastAPI program of its own.

Both sell holds of an event's admissions over the same routes, on the same server program and the same PostgreSQL as
Holdfast, and do less: no seats, no idempotency, no journal, no reclaiming of what lapsed. What they share is what such
programs look like whichever way they write: two tables, models of Pydantic, a pool.
"""
