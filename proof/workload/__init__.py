"""Workload: many buyers of many events in separate client processes, which record all that they see."""

from proof.dump import write_dump
from proof.workload.settings import Settings
from proof.workload.workload import Workload, run

__all__ = ["Settings", "Workload", "run", "write_dump"]
