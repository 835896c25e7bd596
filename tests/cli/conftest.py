"""Fixtures of the commands' tests."""

from commands import holdfast, run

__all__ = ["holdfast", "run"]
