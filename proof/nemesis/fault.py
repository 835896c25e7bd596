"""Fault: one thing that goes wrong, where and how chosen by the seed, and how it ends."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from proof.proxy import Door
from proof.system import Deployment, Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A wall clock that was set: `t0` before and `t1` after it, monotonic."""

    t0: int
    t1: int
    jump_us: int


class Fault:
    """Made for one use: `start`, then, after a while that the nemesis chooses, `heal`.

    One that is over as soon as it happened (a kill) has no seconds, and nothing to heal: the deployment does that.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """Of the deployment: `external`, `proxies`, `database-door`, `clocks`, `two-servers`."""
    seconds: ClassVar[tuple[float, float]] = (0.0, 0.0)
    """How long it lasts in a long run."""
    short_seconds: ClassVar[tuple[float, float] | None] = None
    """The same in a short run; else as in a long one."""
    within_seconds: ClassVar[float | None] = None
    """Promised: a success through every server so soon after it happened (a kill) or was healed."""
    alone: ClassVar[bool] = False
    """It takes servers away and brings them back: no other fault beside it."""

    def __init__(self, deployment: Deployment, chance: random.Random) -> None:
        self.deployment = deployment
        self.chance = chance
        self.jumps: list[Jump] = []
        """Clocks that it set, in their order."""
        self.happened: int | None = None
        """When, where that was later than the start: a kill that waited for its moment."""
        self.took_effect = True
        """Whether there was anybody to do it to: what hit nobody counts for nothing."""
        self.complaints: list[str] = []
        """What the product did wrong and only the fault itself could see."""

    @classmethod
    def suits(cls, deployment: Deployment) -> bool:
        """Whether the deployment has what it needs."""
        has = {
            "external": deployment.setup == "external",
            "proxies": bool(deployment.client_doors),
            "database-door": deployment.database_door is not None,
            "clocks": deployment.database_clock is not None,
            "two-servers": len(deployment.servers) > 1,
        }
        return all(has[need] for need in cls.needs)

    @classmethod
    def length(cls, chance: random.Random, *, short: bool) -> float:
        """Seconds between start and heal."""
        return chance.uniform(*(cls.short_seconds if short and cls.short_seconds else cls.seconds))

    def start(self) -> Mapping[str, object]:
        """What was done to whom, for the log."""
        raise NotImplementedError

    def heal(self) -> Mapping[str, object]:
        """It ends; what there is to say of it afterwards."""
        return {}

    def settle(self) -> Mapping[str, object]:
        """After everybody can sell again: wait for what has to be in order besides."""
        return {}

    def a_server(self) -> Server:
        return self.chance.choice(self.deployment.servers)

    def a_client_door(self) -> Door:
        return self.chance.choice(self.deployment.client_doors)

    def the_database_door(self) -> Door:
        door = self.deployment.database_door
        assert door is not None, "suits() was not asked"
        return door
