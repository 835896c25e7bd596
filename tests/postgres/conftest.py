"""Fixtures of the tests of the database's floor."""

from support.fixtures import open_folder

__all__ = ["open_folder"]
