"""Traits: what a plan says of a single seat that decides who may get it, and when."""

from __future__ import annotations

from enum import IntFlag


class Trait(IntFlag):
    """A set of traits, as the database stores it."""

    WHEELCHAIR = 1  # a place for a wheelchair: best available gives it only to a party that asks for one
    COMPANION = 2  # beside a wheelchair place, and given only together with it
    RESTRICTED_VIEW = 4  # given last within its category
    WHOLE = 8  # a seat of a table or booth that is sold as a whole


FLAGS = {
    "wheelchair": Trait.WHEELCHAIR,
    "companion": Trait.COMPANION,
    "restricted_view": Trait.RESTRICTED_VIEW,
}
"""The traits of single seats, by their names in documents. A row says WHOLE: `"sold": "whole"`."""


def flags_of(traits: int) -> dict[str, bool]:
    """Return the flags as documents show them: only those that are set."""
    return {name: True for name, trait in FLAGS.items() if traits & trait}
