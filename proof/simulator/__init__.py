"""The simulator: an engine of our own with bugs to switch on, sold to in virtual time, to try the checker on."""

from proof.simulator.engine import BUGS
from proof.simulator.run import simulate

__all__ = ["BUGS", "simulate"]
