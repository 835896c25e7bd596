"""Metrics of jobs."""

from __future__ import annotations

from holdfast.metrics import Look, counter

__all__ = ["ATTEMPTS", "JOBS_PARKED", "JOBS_WAITING", "OLDEST_DUE_SECONDS"]

ATTEMPTS = counter("holdfast_job_attempts", "Attempts of jobs, by kind and outcome.", ["kind", "outcome"])
JOBS_WAITING = Look("holdfast_jobs_due", "Jobs that are due, now or later, by kind.", ["kind"])
JOBS_PARKED = Look(
    "holdfast_jobs_parked", "Jobs that wait for a person (`holdfast jobs list`), by kind.", ["kind"]
)
OLDEST_DUE_SECONDS = Look(
    "holdfast_job_oldest_due_seconds",
    "How long the oldest due job has waited, by kind. 0 without one.",
    ["kind"],
)
