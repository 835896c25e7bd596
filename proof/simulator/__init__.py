"""The simulator: an independent engine with optional bugs, which sells in virtual time, to test the checker."""

from proof.simulator.engine import BUGS
from proof.simulator.run import simulate

__all__ = ["BUGS", "simulate"]
