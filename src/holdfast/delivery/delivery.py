"""Delivery: the jobs of one database, with the mail and the webhooks that they send, for all faces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from holdfast.delivery import metrics
from holdfast.delivery.jobs import Act
from holdfast.delivery.mail.mailer import KIND as MAIL
from holdfast.delivery.mail.mailer import HoldToken, Mailer, MailSettings
from holdfast.delivery.store import JobStore
from holdfast.delivery.webhooks.webhooks import KIND as WEBHOOK
from holdfast.delivery.webhooks.webhooks import Webhooks
from holdfast.postgres.connections import Connections

__all__ = ["Delivery"]


class Delivery:
    """Jobs over the connections of the process's inventory, which opens and closes them.

    `acts` does the jobs of each kind that this process knows. A newer server's kinds are left to it.
    """

    def __init__(
        self,
        connections: Connections,
        server_key: bytes,
        mail: MailSettings,
        *,
        private_webhooks: bool = False,
        hold_token: HoldToken | None = None,
    ) -> None:
        self.jobs = JobStore(connections)
        self.mailer = Mailer(self.jobs, server_key, mail, hold_token=hold_token)
        self.webhooks = Webhooks(connections, self.jobs, server_key, private=private_webhooks)
        self.acts: Mapping[str, Act] = {MAIL: self.mailer.act, WEBHOOK: self.webhooks.act}

    def add_acts(self, acts: Mapping[str, Act]) -> None:
        """Do the jobs of kinds that need more than this package."""
        self.acts = {**self.acts, **acts}

    async def observe(self) -> None:
        """Set the gauges that only the database knows. Raises Fault."""
        due: dict[tuple[str, ...], float] = defaultdict(float)
        parked: dict[tuple[str, ...], float] = defaultdict(float)
        oldest: dict[tuple[str, ...], float] = {}
        for each in await self.jobs.count_waiting():
            label = (each.kind,)
            if each.status == "parked":
                parked[label] += each.jobs
            else:
                due[label] += each.jobs
                oldest[label] = max(oldest.get(label, 0.0), each.oldest_seconds)
        metrics.JOBS_WAITING.set_all(due)
        metrics.JOBS_PARKED.set_all(parked)
        metrics.OLDEST_DUE_SECONDS.set_all(oldest)
