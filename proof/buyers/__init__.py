"""Buyers: clients that remember what they were told, and what the database has to remember likewise."""

from proof.buyers.buyers import Buyers
from proof.buyers.comparison import compare
from proof.buyers.life import Life, Moment, Step

__all__ = ["Buyers", "Life", "Moment", "Step", "compare"]
