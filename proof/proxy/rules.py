"""Rules: what a route does to the traffic that passes it; all off means that it is not there."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Rules:
    """Shares are probabilities for one request. `forth` is from the client to the server, `back` the other way."""

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    """Each chunk is late by the latency, and by up to so much more."""

    refuse: bool = False
    """Who connects is reset."""

    black_hole: bool = False
    """Nothing passes and nothing is closed; what was said meanwhile arrives when it ends, as on a healed network."""

    cut_forth: int | None = None
    cut_back: int | None = None
    """The next connections to pass so many more bytes in this direction are reset in the middle of them."""

    cut_times: int = 0
    """How many connections; each one that is cut counts it down."""

    commits: str | None = None
    """`before`: the next COMMIT is not passed on. `after`: it is, and what the server says to it is dropped."""

    commit_times: int = 0
    """How many COMMITs."""

    commit_share: float = 1.0
    """Which part of the COMMITs that come by are looked at."""

    trap: str | None = None
    """The next transaction stands still at this point, until the rule is taken back; then its connection is reset.
    `begin` or `commit`: the server has not heard of it. `begin-done` or `commit-done`: it has, and its answer is not
    passed on. `reply`: an HTTP answer is not. Nothing else of its connection passes meanwhile."""

    trap_delivers: bool = False
    """Of `begin` and `commit`: the server hears of it when the rule is taken back, and nobody hears what it says."""

    hold_share: float = 0.0
    hold_from_s: float = 1.0
    hold_to_s: float = 10.0
    """Requests that are kept back, and delivered whether or not their client still waits."""

    duplicate_share: float = 0.0
    """Requests that are delivered twice, the second a moment later on a connection of its own."""

    lose_request_share: float = 0.0
    """Requests that the server never hears of."""

    lose_answer_share: float = 0.0
    """Requests that are done and nobody is told."""

    half_answer_share: float = 0.0
    """Requests that are done and told in part."""

    def set(self, changes: dict[str, Any]) -> None:
        known = {one.name for one in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise KeyError(name)
            setattr(self, name, value)

    @property
    def is_late(self) -> bool:
        return self.latency_ms > 0 or self.jitter_ms > 0

    def delay_seconds(self, chance: random.Random) -> float:
        return (self.latency_ms + chance.uniform(0, self.jitter_ms)) / 1000 if self.is_late else 0.0


@dataclass(slots=True)
class Counts:
    """What a route did, since it began."""

    connections: int = 0
    requests: int = 0
    cuts: int = 0
    commits_cut: int = 0
    trapped: list[int] = field(default_factory=list)
    """The ports of those who were caught in a trap."""
    held: int = 0
    abandoned: int = 0
    """Held requests that were delivered after their client had gone."""
    duplicated: int = 0
    lost_requests: int = 0
    lost_answers: int = 0
    half_answers: int = 0
    refused: int = 0
    resets: int = 0
    bytes: dict[str, int] = field(default_factory=lambda: {"forth": 0, "back": 0})


class Gates:
    """What those who wait at a route wait for."""

    def __init__(self) -> None:
        self.passage = asyncio.Event()
        """Set while there is no black hole."""
        self.release = asyncio.Event()
        """Set when what a trap was set for has been done."""
        self.passage.set()
        self.release.set()
