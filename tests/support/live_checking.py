"""An audit that keeps its findings, and an event to damage."""

from __future__ import annotations

import psycopg
import pytest

from holdfast.inventory.audit.live_check import Disagreement, LiveAudit
from holdfast.inventory.inventory import Inventory
from holdfast.workers.live_check import LiveCheck
from support.house_of import make_event


class Watched(LiveAudit):
    """An audit that keeps its findings."""

    def __init__(self, inventory: Inventory, *, first_step: int = 50, small_claims: int = 10_000) -> None:
        super().__init__(inventory._connections, first_step=first_step, small_claims=small_claims)
        self.findings: list[Disagreement] = []

    async def check(self, number: int, version: int, *, seconds: float = 60) -> list[Disagreement]:
        found = await super().check(number, version, seconds=seconds)
        self.findings += found
        return found

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.findings]


@pytest.fixture
def checking(inventory: Inventory) -> Watched:
    return Watched(inventory)


@pytest.fixture
def check(inventory: Inventory, checking: Watched) -> LiveCheck:
    return LiveCheck(inventory, audit=checking)


@pytest.fixture
async def number(inventory: Inventory) -> int:
    """A hall with an area of 100 and 30 seats."""
    return (await make_event(inventory, capacity=100, rows=3)).number


def damage(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statements.encode())
        while cursor.nextset():
            pass
        assert cursor.rowcount != 0


async def is_stopped(inventory: Inventory, number: int) -> bool:
    return (await inventory.queries.get_event(number)).sales_stopped
