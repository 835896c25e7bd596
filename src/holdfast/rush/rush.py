"""Rush: runs the survey, the crowd and the verdict, one after the other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from holdfast.rush.crowd import Crowd
from holdfast.rush.limits import RushLimits, raise_limits
from holdfast.rush.plan import CannotRush, Plan
from holdfast.rush.survey import Survey, look_at
from holdfast.rush.verdict import Afterwards, Verdict, judge
from holdfast_client import AsyncClient, HoldfastError, Retries
from holdfast_client.models import Availability

__all__ = ["Progress", "Result", "Sample", "View", "run_rush"]

_LOOK_SECONDS = 1.0
_MIN_PATIENCE_SECONDS = 5.0
_SAMPLE_TIMEOUT_SECONDS = 10.0
_COMPARING = "All buyers have left. Their answers are compared with the server."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The server's counts of the event, and the seconds since the opening."""

    seconds: float
    available: int
    held: int
    booked: int


@dataclass(slots=True, kw_only=True)
class Progress:
    """A running rush, for its view."""

    plan: Plan
    survey: Survey
    limits: RushLimits
    crowd: Crowd
    samples: list[Sample] = field(default_factory=list)
    is_interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a rush."""

    progress: Progress
    verdict: Verdict
    after: Availability | None
    started_at: datetime
    seconds: float


class View(Protocol):
    """Shows a rush to a person or a program."""

    def begin(self, plan: Plan, survey: Survey, limits: RushLimits) -> None: ...

    def show(self, progress: Progress) -> None:
        """Called once a second."""

    def say(self, text: str) -> None: ...

    def end(self) -> None: ...


async def run_rush(
    plan: Plan,
    view: View,
    *,
    processes: int | None,
    connections: int | None,
    consent: Callable[[Survey], None] = lambda _: None,
) -> Result:
    """Run a rush, and return its result. `consent` may refuse it, before anything is sold. Raises CannotRush."""
    limits = raise_limits(plan.url, buyers=plan.buyers, processes=processes, connections=connections)
    plan = replace(plan, processes=limits.processes, connections=limits.connections // limits.processes)
    async with AsyncClient(
        plan.url, plan.api_key, retries=Retries(total_seconds=_MIN_PATIENCE_SECONDS)
    ) as client:
        survey = await look_at(client, plan)
        consent(survey)
        event = survey.event
        plan = replace(
            plan,
            event=str(event.number),
            names_buyers=event.max_per_buyer is not None,
            takes_part=event.allow_partial,
        )
        view.begin(plan, survey, limits)
        crowd = Crowd(plan, survey.rows)
        progress = Progress(plan=plan, survey=survey, limits=limits, crowd=crowd)
        with _interrupts(progress, view):
            try:
                await crowd.gather()
                # Read it again: the processes took a moment to start, and the comparison begins here.
                progress.survey = replace(survey, before=await client.get_availability(event))
                started_at = datetime.now(UTC)
                await _run_crowd(progress, view)
            except HoldfastError as error:
                raise CannotRush(f"The server was lost before the start: {error}") from None
            finally:
                await crowd.end()
                view.end()
        seconds = crowd.seconds
    after = await _read_afterwards(plan, with_seats=bool(crowd.report.booked_seats))
    verdict = judge(crowd.report, progress.survey.before, after)
    return Result(
        progress=progress,
        verdict=verdict,
        after=after.availability,
        started_at=started_at,
        seconds=seconds,
    )


async def _run_crowd(progress: Progress, view: View) -> None:
    beside = asyncio.gather(_sample(progress), _show(progress, view))
    try:
        await progress.crowd.open_doors(lambda: view.say(_COMPARING))
    except* CannotRush as group:
        raise CannotRush(str(group.exceptions[0])) from None
    finally:
        beside.cancel()
        with suppress(asyncio.CancelledError):
            await beside


async def _show(progress: Progress, view: View) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if progress.crowd.is_empty:
            return
        view.show(progress)


async def _sample(progress: Progress) -> None:
    """Read the public counts every second. Skips a sample if the server does not answer."""
    plan = progress.plan
    known = progress.survey.before
    progress.samples.append(_sample_of(0.0, known))
    once = Retries(total_seconds=0)
    async with AsyncClient(
        plan.url, plan.api_key, retries=once, timeout_seconds=_SAMPLE_TIMEOUT_SECONDS
    ) as client:
        while not progress.crowd.is_empty:
            await asyncio.sleep(_LOOK_SECONDS)
            with suppress(HoldfastError):
                known = await client.get_availability(plan.event, known=known)
                seconds = progress.crowd.seconds
                if seconds - progress.samples[-1].seconds >= plan.tick_seconds - 0.5:
                    progress.samples.append(_sample_of(seconds, known))


def _sample_of(seconds: float, counts: Availability) -> Sample:
    return Sample(
        seconds=round(seconds, 2), available=counts.available, held=counts.held, booked=counts.booked
    )


async def _read_afterwards(plan: Plan, *, with_seats: bool) -> Afterwards:
    patient = Retries(total_seconds=max(_MIN_PATIENCE_SECONDS, plan.patience_seconds), wait_for_server=True)
    async with AsyncClient(plan.url, plan.api_key, retries=patient, timeout_seconds=30.0) as client:
        try:
            seats = await client.list_seats(plan.event) if with_seats else None
            return Afterwards(availability=await client.get_availability(plan.event), seats=seats)
        except HoldfastError as error:
            return Afterwards(complaint=str(error))


@contextmanager
def _interrupts(progress: Progress, view: View) -> Iterator[None]:
    """The first Ctrl-C sends the buyers home, the second ends everything."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def interrupt() -> None:
        if progress.is_interrupted or not progress.crowd.is_open:
            assert task is not None
            task.cancel()
            return
        progress.is_interrupted = True
        view.say(
            "Interrupted: the buyers leave, and their answers are compared. Press Ctrl-C again to end at once."
        )
        progress.crowd.send_home()

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except (NotImplementedError, RuntimeError, ValueError):
        yield  # only the main thread of a program can handle Ctrl-C
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
