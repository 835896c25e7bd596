"""Fixtures of the storms."""

from support.fixtures import checked_inventory

__all__ = ["checked_inventory"]
