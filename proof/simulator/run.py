"""Run: many clients of the simulated engine, over a network that loses and delays; their logs look like a
real run's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from proof.simulator.clients import Client
from proof.simulator.world import World

__all__ = ["simulate"]


def simulate(
    folder: Path, *, operations: int, seed: int = 1, clients: int = 64, bugs: Iterable[str] = ()
) -> None:
    """Write a run directory, as the workload does."""
    world = World(folder, operations=operations, seed=seed, bugs=bugs)
    users = [f"user-{number}" for number in range(clients)]
    world.go({user: Client(world, user).live() for user in users})
