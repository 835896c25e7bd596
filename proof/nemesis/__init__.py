"""Nemesis: the faults that a deployment must survive, and the schedule that injects them."""

from proof.nemesis import database, kills, network, operations, points, upgrades
from proof.nemesis.fault import Fault, Jump
from proof.nemesis.nemesis import Nemesis

FAULTS: dict[str, type[Fault]] = {
    fault.name: fault
    for module in (kills, points, network, database, operations, upgrades)
    for fault in module.ALL
}
"""All faults by name."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "gate": (
        "kill-app",
        "kill-postgres",
        "kill-backend",
        "kill-at-point",
        "commit-cut",
        "hold-requests",
        "lose-messages",
    ),
    "calm": (),
    "kill_worker": ("kill-app", "kill-at-point", "kill-workers", "kill-server", "kill-supervisor"),
    "kill_postgres": ("kill-postgres", "kill-postmaster", "restart-postgres"),
    "kill_backend": ("kill-backend", "terminate-backends"),
    "client_network": (
        "client-latency",
        "client-cut",
        "hold-requests",
        "duplicate-requests",
        "lose-messages",
        "client-black-hole",
        "client-reset",
    ),
    "database_network": (
        "database-latency",
        "database-cut",
        "commit-cut",
        "database-black-hole",
        "database-refused",
        "exhaust-connections",
        "lock-hot-row",
    ),
    "stops_and_clocks": (
        "stop-app",
        "stop-backends",
        "stop-postgres",
        "database-clock-forward",
        "database-clock-back",
        "database-clock-shaken",
        "app-clock",
    ),
    "upgrades": (
        "rolling-restart",
        "migrate",
        "side-by-side",
        "roll-back",
        "sweeper-stopped",
        "sweeper-doubled",
        "logs-lost",
        "accept-storm",
    ),
    "storm": (
        "kill-app",
        "kill-postgres",
        "kill-backend",
        "stop-app",
        "stop-backends",
        "terminate-backends",
        "database-latency",
        "commit-cut",
        "database-refused",
        "hold-requests",
        "duplicate-requests",
        "lose-messages",
        "lock-hot-row",
    ),
}
"""Faults that fit together in one slice of a long run. `storm` is for three at once; `stops_and_clocks` needs
settable clocks."""

KILLS = frozenset(name for name in FAULTS if name.startswith("kill-"))
"""The faults that count as a kill -9."""

__all__ = ["FAMILIES", "FAULTS", "KILLS", "Fault", "Jump", "Nemesis"]
