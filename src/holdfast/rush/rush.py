"""The rush itself: survey, crowd, verdict, one after the other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from holdfast.client import AsyncClient, HoldfastError, Retries
from holdfast.client.models import Availability
from holdfast.rush.crowd import Crowd
from holdfast.rush.limits import RushLimits, raise_limits
from holdfast.rush.plan import CannotRush, Plan
from holdfast.rush.survey import Survey, look_at
from holdfast.rush.verdict import Afterwards, Verdict, judge

__all__ = ["Progress", "Result", "Sample", "View", "run_rush"]

_LOOK_SECONDS = 1.0
_MIN_PATIENCE_SECONDS = 5.0
_SAMPLE_TIMEOUT_SECONDS = 10.0
_LOOKING_BACK = "Everybody has left. What they were told is compared with the server."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the server said of the event, so long after the doors opened."""

    seconds: float
    available: int
    held: int
    booked: int


@dataclass(slots=True, kw_only=True)
class Progress:
    """A rush on its way, for whoever looks on."""

    plan: Plan
    survey: Survey
    limits: RushLimits
    crowd: Crowd
    samples: list[Sample] = field(default_factory=list)
    is_interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All that came of it."""

    progress: Progress
    verdict: Verdict
    after: Availability | None
    started_at: datetime
    seconds: float


class View(Protocol):
    """Who looks on."""

    def begin(self, plan: Plan, survey: Survey, limits: RushLimits) -> None: ...

    def show(self, progress: Progress) -> None:
        """Once a second."""

    def say(self, text: str) -> None: ...

    def end(self) -> None: ...


async def run_rush(plan: Plan, view: View, *, processes: int | None, connections: int | None) -> Result:
    """Raises CannotRush."""
    limits = raise_limits(plan.url, buyers=plan.buyers, processes=processes, connections=connections)
    plan = replace(plan, processes=limits.processes, connections=limits.connections // limits.processes)
    async with AsyncClient(
        plan.url, plan.api_key, retries=Retries(total_seconds=_MIN_PATIENCE_SECONDS)
    ) as client:
        survey = await look_at(client, plan)
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
                # Once more: the processes took a moment to start, and the comparison begins here.
                progress.survey = replace(survey, before=await client.get_availability(event))
                started_at = datetime.now(UTC)
                await _hold_rush(progress, view)
            except HoldfastError as error:
                raise CannotRush(f"The server was lost before the start: {error}") from None
            finally:
                await crowd.end()
                view.end()
        seconds = crowd.seconds
    after = await _ask_afterwards(plan, with_seats=bool(crowd.told.booked_seats))
    verdict = judge(crowd.told, progress.survey.before, after)
    return Result(
        progress=progress,
        verdict=verdict,
        after=after.availability,
        started_at=started_at,
        seconds=seconds,
    )


async def _hold_rush(progress: Progress, view: View) -> None:
    beside = asyncio.gather(_sample(progress), _show(progress, view))
    try:
        await progress.crowd.open_doors(lambda: view.say(_LOOKING_BACK))
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
    """The counts of every second, as anyone sees them; none where the server does not answer."""
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


async def _ask_afterwards(plan: Plan, *, with_seats: bool) -> Afterwards:
    patient = Retries(total_seconds=max(_MIN_PATIENCE_SECONDS, plan.patience_seconds))
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
            "Interrupted: the buyers go home, and what they were told is compared. Once more ends at once."
        )
        progress.crowd.send_home()

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except (NotImplementedError, RuntimeError, ValueError):
        yield  # not the main thread of a program: there is no Ctrl-C to take
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
