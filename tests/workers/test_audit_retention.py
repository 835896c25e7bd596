"""The audit's retention: old entries end, and younger ones stay."""

from __future__ import annotations

from holdfast.access.access import Access
from holdfast.access.audit import AuditFilter
from holdfast.postgres.connections import Connections
from holdfast.workers.audit_retention import AuditRetention
from support.house_of import fetch


async def test_entries_end_after_their_days(database_url: str) -> None:
    for days in (401, 401, 401, 399, 0):
        fetch(
            database_url,
            "INSERT INTO audit_entries VALUES (1, nextval('audit_numbers'),"
            " statement_timestamp() - make_interval(days => %s), 'operator', 'key.created', 'key:x', NULL, NULL, '{}')",
            days,
        )
    connections = Connections(database_url, size=2)
    await connections.open()
    try:
        access = Access(connections)
        worker = AuditRetention(access, days=400, rows_per_step=2)
        assert await worker.run_once() == 3
        assert await worker.run_once() == 0
        assert len(await access.audit.list(1, AuditFilter(), before=None, limit=10)) == 2
    finally:
        await connections.close()
