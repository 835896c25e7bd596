"""Fixtures of the commands' tests."""

from support.commands import holdfast, run

__all__ = ["holdfast", "run"]
