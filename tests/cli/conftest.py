"""Fixtures for tests of the commands."""

from support.commands import holdfast, run

__all__ = ["holdfast", "run"]
