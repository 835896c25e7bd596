"""Ownership: whether a token opens its hold or booking, before the command takes its event's lane.

A batch locks the event and loads the claims of the holds that its commands name. So a wrong token took longer than an
unknown id. A token that this server's key makes from the hold's id needs no look. Any other one is compared with the
stored hash by one small read, which is the same for an unknown id: a wrong token, one of an older key, and one that
comes with a booking's id. The batch compares again, because its rules decide.
"""

from __future__ import annotations

import hmac
from typing import TypeVar

from holdfast.errors import BookingNotFound, HoldNotFound
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.holding import WrongToken, is_allowed
from holdfast.inventory.store.reads import ReadStore

__all__ = ["OWNED", "Ownership"]

T = TypeVar("T")

_OF_HOLD = (c.ConfirmHold, c.ExtendHold, c.ReleaseHold, c.ChangeHold)
_OF_BOOKING = (
    c.CancelBooking,
    c.CancelAdmissions,
    c.ExchangeAdmissions,
    c.ChangeBooking,
    c.TransferBooking,
)
_OWNED = (*_OF_HOLD, *_OF_BOOKING)
OWNED: frozenset[type[c.AnyCommand]] = frozenset(_OWNED)
"""Commands that need a token, unless somebody may give them without one."""


class Ownership:
    """Who may act on a hold or a booking."""

    def __init__(self, reads: ReadStore, hold_tokens: HoldTokens) -> None:
        self._reads = reads
        self._hold_tokens = hold_tokens

    def is_evident(self, command: c.Command[T]) -> bool:
        """Return whether the command needs no look: it needs no token, or has the one that this server makes."""
        if not isinstance(command, _OWNED):
            return True
        authority = command.authority
        if authority.staff or authority.buyer is not None:
            return True
        if authority.token_hash is None or not isinstance(command, _OF_HOLD):
            return False
        own = self._hold_tokens.hold_token_hash(command.hold_id)
        return hmac.compare_digest(authority.token_hash, own)

    async def check(self, number: int, command: c.Command[T]) -> None:
        """Look whether the token opens what the command names. Raises HoldNotFound (also as WrongToken), or
        BookingNotFound."""
        if isinstance(command, _OF_HOLD):
            hold = await self._reads.find_bare_hold(number, command.hold_id)
            if hold is None:
                raise HoldNotFound
            if not is_allowed(hold, command.authority):
                raise WrongToken
        elif isinstance(command, _OF_BOOKING):
            hold = await self._reads.find_bare_hold_of_booking(number, command.booking_id)
            if hold is None or not is_allowed(hold, command.authority):
                raise BookingNotFound
