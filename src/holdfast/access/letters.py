"""Letters to people with an account, or who are to have one, in the language that is spoken when they are written."""

from __future__ import annotations

from holdfast.access.permissions import Role
from holdfast.delivery.mail.letter import Letter, Link
from holdfast.languages import ENGLISH, gettext, mark, spoken_language

__all__ = [
    "account_changed",
    "address_change",
    "address_changed",
    "invitation",
    "known_address",
    "password_reset",
    "sign_in_link",
    "sign_up",
]

_UNEXPECTED = mark("If you did not ask for this, ignore this mail: nothing changes.")
_NOT_YOU = mark("If you did not do this, write to the organiser at once.")


_ROLES = {
    Role.OWNER: mark("Owner"),
    Role.MANAGER: mark("Manager"),
    Role.BOX_OFFICE: mark("Box office"),
    Role.DOOR: mark("Door"),
    Role.REPORTS: mark("Reports"),
}


def invitation(to: str, organisation: str, role: Role) -> Letter:
    return Letter(
        to=to,
        subject=gettext("You are invited to %(organisation)s", organisation=organisation),
        paragraphs=[
            gettext(
                "You are invited to work for %(organisation)s. The link works once, within 24 hours.",
                organisation=organisation,
            )
        ],
        facts=[(gettext("Role"), gettext(_ROLES[role]))],
        link=Link(label=gettext("Accept the invitation"), path="/invitation", secret=True),
        closing=gettext("If you do not know this organisation, ignore this mail."),
        language=_code(),
    )


def sign_up(to: str) -> Letter:
    return Letter(
        to=to,
        subject=gettext("Confirm your address"),
        paragraphs=[
            gettext("Confirm this address, and your account is ready. The link works once, within 24 hours.")
        ],
        link=Link(label=gettext("Confirm the address"), path="/sign-up", secret=True),
        closing=gettext(_UNEXPECTED),
        language=_code(),
    )


def known_address(to: str) -> Letter:
    return Letter(
        to=to,
        subject=gettext("You have an account"),
        paragraphs=[
            gettext(
                "Somebody wants to sign up with this address, which has an account. Sign in, or reset the password."
            )
        ],
        closing=gettext(_UNEXPECTED),
        language=_code(),
    )


def password_reset(to: str) -> Letter:
    return Letter(
        to=to,
        subject=gettext("Reset your password"),
        paragraphs=[gettext("Choose another password with this link. It works once, within 24 hours.")],
        link=Link(label=gettext("Reset the password"), path="/password", secret=True),
        closing=gettext(_UNEXPECTED),
        language=_code(),
    )


def sign_in_link(to: str) -> Letter:
    return Letter(
        to=to,
        subject=gettext("Sign in"),
        paragraphs=[
            gettext(
                "Sign in with this link. It works once, within 15 minutes, in the browser that asked for it."
            ),
            gettext("Another browser needs the code that the first one shows."),
        ],
        link=Link(label=gettext("Sign in"), path="/sign-in", secret=True),
        closing=gettext(_UNEXPECTED),
        language=_code(),
    )


def address_change(to: str) -> Letter:
    return Letter(
        to=to,
        subject=gettext("Confirm your new address"),
        paragraphs=[gettext("Confirm this address for your account. The link works once, within 24 hours.")],
        link=Link(label=gettext("Confirm the address"), path="/address", secret=True),
        closing=gettext(_UNEXPECTED),
        language=_code(),
    )


def address_changed(to: str, new: str) -> Letter:
    return Letter(
        to=to,
        subject=gettext("Your address has changed"),
        paragraphs=[gettext("Your account has another address now. This one no longer signs you in.")],
        facts=[(gettext("New address"), new)],
        closing=gettext(_NOT_YOU),
        language=_code(),
    )


def account_changed(to: str, *changes: str, **values: str) -> Letter:
    """Return the letter about changes, which are marked texts. `values` are theirs."""
    return Letter(
        to=to,
        subject=gettext("Your account has changed"),
        paragraphs=[gettext(change, **values) for change in changes],
        closing=gettext(_NOT_YOU),
        language=_code(),
    )


def _code() -> str:
    return (spoken_language() or ENGLISH).code
