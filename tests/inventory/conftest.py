"""Fixtures of the inventory's tests."""

from support.fixtures import checked_inventory

__all__ = ["checked_inventory"]
