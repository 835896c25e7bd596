"""Samples: seat maps of two venues to try Holdfast with, in a form that the API accepts."""

from .arena import arena
from .theatre import theatre

__all__ = ["arena", "theatre"]
