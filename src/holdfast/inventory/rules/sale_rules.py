"""Sale rules: what an event lets a hold and a buyer have. One value in one column; its limits and checks are here.

A new rule is a field of `SaleRules`, and the place that applies it. It needs no column and no migration: a stored value
without the rule has the rule's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from holdfast.errors import FieldError, InvalidInput
from holdfast.errors.fields import FIELD

DEFAULT_HOLD_TTL_SECONDS = 600
"""Time to fill in a form and to pay. The documents' own events have 120 (see `SaleRules`)."""
DEFAULT_MAX_HOLD_TTL_SECONDS = 1_800
DEFAULT_MAX_PER_HOLD = 20
"""Anyone can place a hold, so a house must not be one request away from empty."""
MAX_HOLD_TTL_SECONDS = 86_400
"""The longest life that an event can allow, and that a hold can ask for."""
MAX_ADMISSIONS = 2_000_000_000
"""The largest number of admissions that an event has, or that a rule allows."""

LIMITS = {
    "hold_ttl_seconds": (1, MAX_HOLD_TTL_SECONDS),
    "max_hold_ttl_seconds": (1, MAX_HOLD_TTL_SECONDS),
    "max_per_hold": (1, MAX_ADMISSIONS),
    "max_per_buyer": (1, MAX_ADMISSIONS),
}
"""The smallest and the largest value of each rule that is a number."""

Value = int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRules:
    """None means no limit. The defaults are those of a dialect's event, which knows no rules of sale.

    A new event of `/v1` has those of `of_new_event`.
    """

    hold_ttl_seconds: int = 120
    """How long a hold lives that does not say."""
    max_hold_ttl_seconds: int = DEFAULT_MAX_HOLD_TTL_SECONDS
    """No hold lives longer than this after it was placed."""
    max_per_hold: int | None = None
    max_per_buyer: int | None = None
    """Counts live holds and bookings; holds then need a buyer."""
    allow_partial: bool = False
    """Whether holds take what is left."""
    rehearsal: bool = False
    """Whether all sales are for practice. It is set with the event, and never changes."""

    @staticmethod
    def of_new_event(given: Mapping[str, Value]) -> SaleRules:
        """The rules of a new event of `/v1`. Raises InvalidInput.

        `given` has only what the organiser said. None lifts a limit that can be lifted, and else means the default.
        A hold has a usual life and a longest one. If only one is said, the other follows it.
        """
        ttl, longest = given.get("hold_ttl_seconds"), given.get("max_hold_ttl_seconds")
        defaults: dict[str, Value] = {
            "hold_ttl_seconds": min(DEFAULT_HOLD_TTL_SECONDS, longest or DEFAULT_HOLD_TTL_SECONDS),
            "max_hold_ttl_seconds": max(DEFAULT_MAX_HOLD_TTL_SECONDS, ttl or DEFAULT_MAX_HOLD_TTL_SECONDS),
            "max_per_hold": DEFAULT_MAX_PER_HOLD,
        }
        said = {name: value for name, value in given.items() if value is not None or name not in NEVER_EMPTY}
        return DEFAULT_RULES.changed(defaults | said)

    def changed(self, given: Mapping[str, Value]) -> SaleRules:
        """These rules with new values. Raises InvalidInput."""
        return replace(self, **given).validated() if given else self  # type: ignore[arg-type]  # `validated` checks them

    def validated(self) -> SaleRules:
        """These rules. Raises InvalidInput with a field error for each that breaks a limit."""
        faults = [
            _out_of_range(name, f"{FIELD} must be from {least} to {most}; it is {value}.")
            for name, (least, most) in LIMITS.items()
            if (value := getattr(self, name)) is not None and not least <= value <= most
        ]
        if outlives(self.hold_ttl_seconds, self.max_hold_ttl_seconds):
            detail = f"{FIELD} must be at most `max_hold_ttl_seconds`, {self.max_hold_ttl_seconds}."
            faults.append(_out_of_range("hold_ttl_seconds", detail))
        if faults:
            raise InvalidInput(faults[0].detail, errors=tuple(faults))
        return self

    def as_dict(self) -> dict[str, Value]:
        return {name: getattr(self, name) for name in NAMES}

    def changes_from(self, before: SaleRules) -> dict[str, Value]:
        """The rules that differ, by name, with their new values."""
        return {name: value for name, value in self.as_dict().items() if value != getattr(before, name)}


DEFAULT_RULES = SaleRules()
NAMES = tuple(rule.name for rule in fields(SaleRules))
SWITCHES = frozenset(rule.name for rule in fields(SaleRules) if isinstance(rule.default, bool))
NEVER_EMPTY = frozenset(rule.name for rule in fields(SaleRules) if rule.default is not None)
"""Rules that always have a value: a change cannot clear them."""


def outlives(ttl_seconds: int, longest_seconds: int) -> bool:
    """Whether holds would live longer by default than any hold may."""
    return ttl_seconds > longest_seconds


def _out_of_range(name: str, detail: str) -> FieldError:
    return FieldError(pointer=f"/{name}", code="out_of_range", detail=detail)
