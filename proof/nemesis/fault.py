"""Fault: one thing that goes wrong, at a place and in a way that the seed chooses, and its end."""

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
    """For one use: `start`, then `heal` after a time that the nemesis chooses.

    An instant fault (a kill) has no duration and nothing to heal: the deployment recovers from it.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    """Requirements of the deployment: `external`, `proxies`, `database-door`, `clocks`, `two-servers`."""
    seconds: ClassVar[tuple[float, float]] = (0.0, 0.0)
    """The range of its duration in a long run."""
    short_seconds: ClassVar[tuple[float, float] | None] = None
    """The range in a short run; None uses the long one."""
    within_seconds: ClassVar[float | None] = None
    """The promised limit for a success through every server, after the kill or the healing."""
    alone: ClassVar[bool] = False
    """True if it removes servers and restores them: no other fault may run beside it."""

    def __init__(self, deployment: Deployment, chance: random.Random) -> None:
        self.deployment = deployment
        self.chance = chance
        self.jumps: list[Jump] = []
        """The clock jumps of this fault, in order."""
        self.happened: int | None = None
        """The moment, if it was later than the start: a kill that waited for its moment."""
        self.took_effect = True
        """False if there was no victim: then the fault does not count."""
        self.complaints: list[str] = []
        """Violations that only the fault itself can see."""

    @classmethod
    def suits(cls, deployment: Deployment) -> bool:
        """Return True if the deployment meets the requirements."""
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
        """Return the seconds between start and heal."""
        return chance.uniform(*(cls.short_seconds if short and cls.short_seconds else cls.seconds))

    def start(self) -> Mapping[str, object]:
        """Start the fault and return its details for the log."""
        raise NotImplementedError

    def heal(self) -> Mapping[str, object]:
        """End the fault and return further details."""
        return {}

    def settle(self) -> Mapping[str, object]:
        """After sales have resumed, wait for anything else that must recover."""
        return {}

    def a_server(self) -> Server:
        return self.chance.choice(self.deployment.servers)

    def a_client_door(self) -> Door:
        return self.chance.choice(self.deployment.client_doors)

    def the_database_door(self) -> Door:
        door = self.deployment.database_door
        assert door is not None, "suits() was not called"
        return door
