"""Fixtures of the workers' tests."""

from support.fixtures import unchecked_inventory

__all__ = ["unchecked_inventory"]
