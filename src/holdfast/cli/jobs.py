"""`holdfast jobs`: outward acts that are due, such as mail; list them, and try parked ones again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from holdfast.cli.output import AsCsv, AsJson, Column, count_of, fail, print_record, print_table

__all__ = ["app"]

app = typer.Typer(
    help="List outward acts that are due, and try them again.", no_args_is_help=True, add_completion=False
)

_COLUMNS = (
    Column(name="id"),
    Column(name="kind"),
    Column(name="status"),
    Column(name="attempts", rank=2),
    Column(name="due_at", rank=3),
    Column(name="event", rank=4),
    Column(name="subject", rank=2),
    Column(name="created_at", rank=5),
    Column(name="last_answer", rank=1, is_text=True),
)


class Status(StrEnum):
    """The states of a job."""

    DUE = "due"
    DONE = "done"
    PARKED = "parked"


@app.command("list")
def list_jobs(
    status: Annotated[Status | None, typer.Option(help="Only jobs in this state.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind, such as `mail`.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Max jobs to list.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List jobs, newest first. A parked job waits for a person: see its last answer."""
    from holdfast.cli._database import use_delivery
    from holdfast.delivery.delivery import Delivery
    from holdfast.delivery.jobs import JobStatus

    async def find(delivery: Delivery) -> list[dict[str, Any]]:
        wanted = None if status is None else JobStatus(status.value)
        return [
            {
                "id": job.id,
                "kind": job.kind,
                "status": "running" if job.is_running else job.status,
                "attempts": job.attempts,
                "due_at": job.due_at if job.status == JobStatus.DUE else None,
                "event": job.event_number or None,
                "subject": job.subject,
                "created_at": job.created_at,
                "last_answer": job.last_answer,
            }
            for job in await delivery.jobs.list_jobs(status=wanted, kind=kind, limit=limit)
        ]

    print_table(
        use_delivery(find), columns=_COLUMNS, none="There are no such jobs.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def retry(
    ids: Annotated[
        list[UUID] | None, typer.Argument(metavar="ID...", help="Jobs, as `holdfast jobs list` shows them.")
    ] = None,
    parked: Annotated[bool, typer.Option("--parked", help="Retry every parked job.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make jobs due now. A done job runs again, so that its receiver gets a second copy with the same id.

    The server's workers do the jobs. A job that a worker has at this moment is left to it.
    """
    from holdfast.cli._database import use_delivery
    from holdfast.delivery.delivery import Delivery
    from holdfast.delivery.jobs import JobStatus

    if bool(ids) == parked:
        raise fail("Name the jobs, or use --parked.", code=2)

    async def make_due(delivery: Delivery) -> list[UUID]:
        if not parked:
            return [id for id in ids or () if await delivery.jobs.retry(id)]
        retried: list[UUID] = []
        while page := await delivery.jobs.list_jobs(status=JobStatus.PARKED, limit=1_000):
            retried += [job.id for job in page if await delivery.jobs.retry(job.id)]
        return retried

    retried = use_delivery(make_due)
    left = [str(id) for id in ids or () if id not in retried]
    print_record({"retried": len(retried)}, as_json=as_json)
    if left:
        jobs = count_of(len(left), "job")
        raise fail(f"{jobs} not found, or running at this moment: {', '.join(left[:5])}.")
