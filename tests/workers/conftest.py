"""Fixtures of the workers' tests."""

from support.fixtures import unchecked_inventory
from support.live_checking import check, checking, number

__all__ = ["check", "checking", "number", "unchecked_inventory"]
