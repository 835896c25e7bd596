"""Nemesis: the faults that a house has to live through, and who brings them."""

from proof.nemesis import kills, network
from proof.nemesis.fault import Fault, Jump
from proof.nemesis.nemesis import Nemesis

FAULTS: dict[str, type[Fault]] = {fault.name: fault for module in (kills, network) for fault in module.ALL}
"""All of them by name."""

__all__ = ["FAULTS", "Fault", "Jump", "Nemesis"]
