"""Rules: the faults that a route applies to its traffic. Without rules it is transparent."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Rules:
    """Shares are probabilities per request. `forth` is from client to server, `back` is the other way."""

    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    """Each chunk is delayed by the latency plus up to this much."""

    refuse: bool = False
    """New connections are reset."""

    black_hole: bool = False
    """No data passes and no connection is closed. Afterwards the queued data arrive, as on a healed network."""

    cut_forth: int | None = None
    cut_back: int | None = None
    """The next connections that pass more bytes than this in one direction are reset there."""

    cut_times: int = 0
    """The number of connections to cut; each cut decrements it."""

    commits: str | None = None
    """`before`: the next COMMIT is not passed on. `after`: it is, but its answer is dropped."""

    commit_times: int = 0
    """The number of COMMITs to cut."""

    commit_share: float = 1.0
    """The share of COMMITs that are considered."""

    trap: str | None = None
    """The next transaction is held at this point until the rule is removed; then its connection is reset.
    `begin` or `commit`: before the server receives it. `begin-done` or `commit-done`: the server has
    answered, but the answer is held. `reply`: an HTTP answer is held. No other data of the connection pass
    meanwhile."""

    trap_delivers: bool = False
    """For `begin` and `commit`: the server receives it when the rule is removed, and its answer is dropped."""

    hold_share: float = 0.0
    hold_from_s: float = 1.0
    hold_to_s: float = 10.0
    """Requests that are delayed, and delivered whether or not their client still waits."""

    duplicate_share: float = 0.0
    """Requests that are delivered twice, the second a moment later on another connection."""

    lose_request_share: float = 0.0
    """Requests that never reach the server."""

    lose_answer_share: float = 0.0
    """Executed requests whose answer is lost."""

    half_answer_share: float = 0.0
    """Executed requests whose answer is incomplete."""

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
    """The acts of a route since its start."""

    connections: int = 0
    requests: int = 0
    cuts: int = 0
    commits_cut: int = 0
    trapped: list[int] = field(default_factory=list)
    """The ports of the connections that a trap caught."""
    held: int = 0
    abandoned: int = 0
    """Delayed requests that were delivered after their client had gone."""
    duplicated: int = 0
    lost_requests: int = 0
    lost_answers: int = 0
    half_answers: int = 0
    refused: int = 0
    resets: int = 0
    bytes: dict[str, int] = field(default_factory=lambda: {"forth": 0, "back": 0})


class Gates:
    """The events that connections of a route wait for."""

    def __init__(self) -> None:
        self.passage = asyncio.Event()
        """Set while there is no black hole."""
        self.release = asyncio.Event()
        """Set when the trap is released."""
        self.passage.set()
        self.release.set()
