"""Parts: the two plans as ordered lists of programs, each of which runs alone and leaves one result.

The operations of a night are cut into slices. Each slice has its own deployment, faults, seed and check. So
memory and logs stay small, and a stopped night can resume.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

__all__ = ["COMMIT", "NIGHT", "PLANS", "Knobs", "Part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """The amount of trials, spread over the parts."""

    operations: int
    kills: int
    cuts: int
    failovers: int
    schedules: int
    mutants: int | None
    """None means all of them."""
    expiries: int
    notices: int
    """For each of four receivers."""
    overload_seconds: float
    fuzz_seconds: float
    attack_seconds: float
    """How long attackers hold all that they can."""
    seed: int = 1

    def scaled(self, factor: float) -> Knobs:
        """Return the knobs for `factor` times the duration."""
        return replace(
            self,
            **{
                name: max(1, round(getattr(self, name) * factor))
                for name in ("operations", "kills", "cuts", "failovers", "schedules", "expiries", "notices")
            },
        )


COMMIT = Knobs(
    operations=20_000,
    kills=10,
    cuts=1,
    failovers=1,
    schedules=200,
    mutants=5,
    expiries=200,
    notices=100,
    overload_seconds=4,
    fuzz_seconds=20,
    attack_seconds=10,
)
NIGHT = Knobs(
    operations=1_000_000,
    kills=200,
    cuts=50,
    failovers=20,
    schedules=5_000,
    mutants=None,
    expiries=10_000,
    notices=2_500,
    overload_seconds=60,
    fuzz_seconds=300,
    attack_seconds=300,
)
NIGHT_HOURS = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`python -m MODULE ARGUMENTS --seed SEED --out FOLDER`, ended after `limit_seconds`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    limit_seconds: float
    seed: int
    path: str = ""
    """The folder of the module, relative to the repository's root; empty for the root itself."""


def commit_plan(knobs: Knobs) -> list[Part]:
    """Return the parts that every change must pass."""
    make = _maker(knobs)
    return [
        make("sale", "proof.trial", 300, family="gate", operations=knobs.operations, kills=knobs.kills),
        make("interleavings", "scenarios.interleavings", 120, path="tests", schedules=knobs.schedules),
        make("mutants", "proof.mutants", 400, count=knobs.mutants),
        make("power-cuts", "proof.disks.power_cut", 180, cuts=knobs.cuts),
        make("failovers", "proof.failover", 180, failovers=knobs.failovers),
        make("fuzz", "proof.fuzz", 300 + knobs.fuzz_seconds, seconds=knobs.fuzz_seconds),
        make("deliveries", "proof.deliveries", 400, notices=knobs.notices, kills=6),
        make(
            "denial", "proof.denial", 300 + knobs.attack_seconds, seconds=knobs.attack_seconds, attackers=12
        ),
        make("tokens", "proof.tokens", 300, tokens=1_000, guesses=60),
    ]


SLICES = (
    # family, share of the operations, share of the kills
    ("calm", 0.10, 0.00),
    ("kill_worker", 0.09, 0.25),
    ("kill_worker", 0.09, 0.25),
    ("kill_postgres", 0.09, 0.15),
    ("kill_postgres", 0.09, 0.15),
    ("kill_backend", 0.09, 0.20),
    ("client_network", 0.09, 0.00),
    ("database_network", 0.09, 0.00),
    ("stops_and_clocks", 0.09, 0.00),
    ("upgrades", 0.09, 0.00),
    ("storm", 0.09, 0.00),
)
"""The slices of a night. Half of the kills are of workers, three tenths of the whole PostgreSQL, a fifth of
one backend."""


def night_plan(knobs: Knobs) -> list[Part]:
    """Return all parts."""
    make = _maker(knobs)
    slices = [
        make(
            f"sale-{number:02}-{family.replace('_', '-')}",
            "proof.trial",
            600 * max(1.0, knobs.operations / NIGHT.operations),
            family=family,
            operations=round(knobs.operations * share),
            kills=round(knobs.kills * kills),
        )
        for number, (family, share, kills) in enumerate(SLICES, 1)
    ]
    return [
        *slices,
        make("expiries", "proof.expiries", 900, expiries=knobs.expiries),
        make("overload", "proof.overload", 300, seconds=knobs.overload_seconds),
        make("fuzz", "proof.fuzz", 300 + knobs.fuzz_seconds, seconds=knobs.fuzz_seconds),
        make(
            "deliveries",
            "proof.deliveries",
            400 + knobs.notices / 5,
            notices=knobs.notices,
            # More kills in a shorter time would be a crash loop, and supervisors pause in one.
            kills=max(6, knobs.notices // 42),
        ),
        make(
            "denial", "proof.denial", 300 + knobs.attack_seconds, seconds=knobs.attack_seconds, attackers=50
        ),
        make("tokens", "proof.tokens", 600, tokens=20_000, guesses=2_000),
        make("disks", "proof.disks", 300),
        make("power-cuts", "proof.disks.power_cut", 120 + 30 * knobs.cuts, cuts=knobs.cuts),
        make("failovers", "proof.failover", 120 + 45 * knobs.failovers, failovers=knobs.failovers),
        make("citus", "proof.citus", 900, trials=19),
        make("patroni", "proof.patroni", 300 + 60 * knobs.failovers, failovers=max(1, knobs.failovers // 2)),
        make(
            "interleavings",
            "scenarios.interleavings",
            120 + knobs.schedules / 5,
            path="tests",
            schedules=knobs.schedules,
            controls=200,
        ),
        make("mutants", "proof.mutants", 1800, count=knobs.mutants),
    ]


PLANS: dict[str, tuple[Knobs, Callable[[Knobs], list[Part]]]] = {
    "commit": (COMMIT, commit_plan),
    "night": (NIGHT, night_plan),
}


def _maker(knobs: Knobs) -> Callable[..., Part]:
    def make(name: str, module: str, limit_seconds: float, *, path: str = "", **options: object) -> Part:
        """Make a part without the options that are None. Its seed depends only on its name and the plan's seed."""
        given = [
            (f"--{key.replace('_', '-')}", str(value)) for key, value in options.items() if value is not None
        ]
        return Part(
            name=name,
            module=module,
            arguments=tuple(text for pair in given for text in pair),
            limit_seconds=limit_seconds,
            seed=random.Random(f"{knobs.seed}/{name}").getrandbits(31),
            path=path,
        )

    return make
