"""Buyers: clients that remember their answers, and the comparison of these answers with the database."""

from proof.buyers.buyers import Buyers
from proof.buyers.comparison import compare
from proof.buyers.life import Life, Moment, Step

__all__ = ["Buyers", "Life", "Moment", "Step", "compare"]
