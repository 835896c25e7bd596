"""Fixtures of the audit's tests."""

from support.fixtures import unchecked_inventory

__all__ = ["unchecked_inventory"]
