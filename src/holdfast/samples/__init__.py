"""Samples: venues to try Holdfast with, as the seat map documents that its API takes."""

from .arena import arena
from .theatre import theatre

__all__ = ["arena", "theatre"]
