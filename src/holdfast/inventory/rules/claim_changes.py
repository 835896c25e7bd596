"""Claim changes: how the claims of bookings change that return a part, or have other admissions instead.

Nothing is deleted. A claim that a booking returns ends. If it returns only a part of a quantity, the claim is divided
in two first, which together say what the one said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from holdfast.inventory.rules.records import Claim, ClaimEnd, NumberedClaim, in_lines


@dataclass(slots=True, kw_only=True)
class ChangedClaim:
    """A stored claim with its new values."""

    ticket: int
    quantity: int
    returned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A part of a stored claim's quantity that becomes a claim of its own, and ends."""

    hold_id: UUID
    number: int
    """The stored claim's."""
    new_number: int
    ticket: int
    quantity: int


@dataclass(slots=True, kw_only=True)
class AddedClaim:
    claim: NumberedClaim
    returned: bool = False
    """True if it ended in the batch in which it was made."""


Key = tuple[UUID, int]
"""A claim by its hold and its number."""


@dataclass(slots=True)
class ClaimChanges:
    """The rows of one batch."""

    changed: dict[Key, ChangedClaim] = field(default_factory=dict)
    divisions: list[Division] = field(default_factory=list)
    added: dict[Key, AddedClaim] = field(default_factory=dict)
    quantities: dict[UUID, int] = field(default_factory=dict)
    """New quantity of each hold."""

    def keep(self, hold_id: UUID, claim: NumberedClaim) -> None:
        """Write the number of a claim's first ticket, and what is left of its quantity."""
        self._set(hold_id, claim, returned=False)

    def give_back(self, hold_id: UUID, claim: NumberedClaim) -> None:
        """End a claim as a whole."""
        self._set(hold_id, claim, returned=True)

    def divide(self, hold_id: UUID, rest: NumberedClaim, part: NumberedClaim) -> None:
        """Leave `rest` of a claim, and end `part` of it."""
        self._set(hold_id, rest, returned=False)
        if (hold_id, rest.number) in self.added:
            self.added[hold_id, part.number] = AddedClaim(claim=part, returned=True)
        else:
            self.divisions.append(
                Division(
                    hold_id=hold_id,
                    number=rest.number,
                    new_number=part.number,
                    ticket=_ticket_of(part),
                    quantity=part.quantity,
                )
            )

    def add(self, hold_id: UUID, claim: NumberedClaim) -> None:
        self.added[hold_id, claim.number] = AddedClaim(claim=claim)

    def _set(self, hold_id: UUID, claim: NumberedClaim, *, returned: bool) -> None:
        key = (hold_id, claim.number)
        if key in self.added:
            self.added[key] = AddedClaim(claim=claim, returned=returned)
        else:
            self.changed[key] = ChangedClaim(
                ticket=_ticket_of(claim), quantity=claim.quantity, returned=returned
            )


def numbered(claims: Sequence[Claim], end: ClaimEnd | None) -> tuple[list[NumberedClaim], ClaimEnd]:
    """Return the claims with their numbers and tickets, and what follows them.

    As long as a booking is as it was made, its claims count from 0, and its tickets from 1 in the lines' order.
    """
    first: dict[int, int] = {}
    ticket = 1
    for claim in in_lines(claims):
        first[id(claim)] = ticket
        ticket += claim.quantity
    found = [
        NumberedClaim(
            line=claim.line,
            area=claim.area,
            seat=claim.seat,
            quantity=claim.quantity,
            number=getattr(claim, "number", place),
            ticket=getattr(claim, "ticket", None) or first[id(claim)],
        )
        for place, claim in enumerate(claims)
    ]
    return found, end or ClaimEnd(claim=len(claims), ticket=ticket)


def _ticket_of(claim: NumberedClaim) -> int:
    assert claim.ticket is not None  # a booking that changes has numbered its tickets
    return claim.ticket
