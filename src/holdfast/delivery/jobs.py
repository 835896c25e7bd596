"""Jobs: one outward act that is due, its outcomes, and when it is tried again."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from holdfast.ids import make_id

__all__ = [
    "NO_EVENT",
    "Act",
    "Done",
    "Job",
    "JobListing",
    "JobStatus",
    "Later",
    "NewJob",
    "Outcome",
    "Parked",
    "make_job_id",
    "next_try",
]

NO_EVENT = 0
"""The event number of jobs of no event. They are on the control database, as every table without an event is."""

MAX_ANSWER_LENGTH = 2_048

_SCHEDULE = (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
"""Seconds after each failed attempt: about three days in all."""
_JITTER = 0.1


class JobStatus(StrEnum):
    """A job is due until it is done, or until a person must look at it."""

    DUE = "due"
    DONE = "done"
    PARKED = "parked"


def make_job_id(event_number: int) -> UUID:
    """Return a new job's id, which carries the number of its event."""
    return make_id(event_number, unix_ms=int(time.time() * 1000), random_bits=secrets.randbits(41))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to write. `key` names the act within its event: a second job with the same key is not written.

    `subject` is the receiver whose slowness may delay this job. `request` never changes, and has no secret.
    """

    id: UUID
    kind: str
    subject: str
    key: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job. `attempt` counts from 1."""

    event_number: int
    id: UUID
    kind: str
    subject: str
    request: Mapping[str, Any]
    attempt: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobListing:
    """A job as a person sees it. `is_running`: a worker has it now."""

    event_number: int
    id: UUID
    kind: str
    subject: str
    request: Mapping[str, Any]
    status: str
    attempts: int
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    is_running: bool
    last_answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The act has happened."""

    answer: str
    code: int | None = None
    """The receiver's status code, if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The act has failed, or its outcome is unknown. It is tried again."""

    answer: str
    code: int | None = None
    seconds: float | None = None
    """How long the receiver asked to wait. The schedule's own pause is kept if it is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Another attempt is in vain until a person has acted."""

    answer: str
    code: int | None = None


Outcome = Done | Later | Parked
Act = Callable[[Job], Awaitable[Outcome]]
"""Does a job outside any transaction. It may run twice for one job, and then sends the same bytes."""


def next_try(attempt: int, asked_seconds: float | None = None) -> float | None:
    """Return the seconds until the next attempt, with jitter; None after the last one."""
    if attempt > len(_SCHEDULE):
        return None
    pause = _SCHEDULE[attempt - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
    return max(pause, min(asked_seconds or 0.0, float(_SCHEDULE[-1])))
