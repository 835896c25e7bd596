"""Staff: refusals about organisations and their members."""

from __future__ import annotations

from holdfast.errors.base import Refusal


class StaffRefused(Refusal):
    """A change of an organisation or its members that is not possible. Only commands meet it so far."""

    status = 409
    title = "Not possible"
    detail = "This change of the staff is not possible."

    LAST_OWNER = "An organisation needs an owner: make another member its owner first."
    NO_ACCOUNT = "There is no account with this e-mail address."
    NO_MEMBER = "No member has this e-mail address."
    NO_ORGANISATION = "There is no such organisation: `holdfast organisation list` shows them."
    SLUG_TAKEN = "An organisation with this short name exists."
