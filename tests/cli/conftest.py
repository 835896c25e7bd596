"""Fixtures for tests of the commands."""

from support.backups import sold
from support.commands import holdfast, run

__all__ = ["holdfast", "run", "sold"]
