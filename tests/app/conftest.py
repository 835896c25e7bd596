"""Fixtures of the application's tests."""

from support.fixtures import open_folder

__all__ = ["open_folder"]
