"""Workload: many buyers of many events, in client processes of their own, who write down all that they see."""

from proof.dump import write_dump
from proof.workload.settings import Settings
from proof.workload.workload import Workload, run

__all__ = ["Settings", "Workload", "run", "write_dump"]
