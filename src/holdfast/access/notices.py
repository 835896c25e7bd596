"""Notices: mails about a change of an account to its owner, who may not be the one who has made it.

Each is written in the transaction of the change: no change without its mail, and no mail without its change.
"""

from __future__ import annotations

from uuid import uuid4

from holdfast.delivery.jobs import NO_EVENT
from holdfast.delivery.mail.letter import Letter
from holdfast.delivery.mail.mailer import Mailer
from holdfast.delivery.store import add_jobs
from holdfast.postgres.connections import Connection

__all__ = ["Notices"]


class Notices:
    """Writes notices. Without a mailer, in a command that changes no account, it writes none."""

    def __init__(self, mailer: Mailer | None) -> None:
        self._mailer = mailer

    async def send(self, connection: Connection, letter: Letter) -> None:
        """Write a mail in the caller's transaction."""
        if self._mailer is not None:
            job = self._mailer.job_of(letter, cause=f"notice:{uuid4()}")
            await add_jobs(connection, NO_EVENT, [job])
