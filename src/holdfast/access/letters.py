"""Letters to people with an account, or who are to have one."""

from __future__ import annotations

from holdfast.delivery.mail.letter import Letter, Link

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

_UNEXPECTED = "If you did not ask for this, ignore this mail: nothing changes."
_NOT_YOU = "If you did not do this, write to the organiser at once."


def invitation(to: str, organisation: str, role: str) -> Letter:
    return Letter(
        to=to,
        subject=f"You are invited to {organisation}",
        paragraphs=[f"You are invited to work for {organisation}. The link works once, within 24 hours."],
        facts=[("Role", role)],
        link=Link(label="Accept the invitation", path="/invitation", secret=True),
        closing="If you do not know this organisation, ignore this mail.",
    )


def sign_up(to: str) -> Letter:
    return Letter(
        to=to,
        subject="Confirm your address",
        paragraphs=["Confirm this address, and your account is ready. The link works once, within 24 hours."],
        link=Link(label="Confirm the address", path="/sign-up", secret=True),
        closing=_UNEXPECTED,
    )


def known_address(to: str) -> Letter:
    return Letter(
        to=to,
        subject="You have an account",
        paragraphs=[
            "Somebody wants to sign up with this address, which has an account. Sign in, or reset the password."
        ],
        closing=_UNEXPECTED,
    )


def password_reset(to: str) -> Letter:
    return Letter(
        to=to,
        subject="Reset your password",
        paragraphs=["Choose another password with this link. It works once, within 24 hours."],
        link=Link(label="Reset the password", path="/password", secret=True),
        closing=_UNEXPECTED,
    )


def sign_in_link(to: str) -> Letter:
    return Letter(
        to=to,
        subject="Sign in",
        paragraphs=[
            "Sign in with this link. It works once, within 15 minutes, in the browser that asked for it.",
            "Another browser needs the code that the first one shows.",
        ],
        link=Link(label="Sign in", path="/sign-in", secret=True),
        closing=_UNEXPECTED,
    )


def address_change(to: str) -> Letter:
    return Letter(
        to=to,
        subject="Confirm your new address",
        paragraphs=["Confirm this address for your account. The link works once, within 24 hours."],
        link=Link(label="Confirm the address", path="/address", secret=True),
        closing=_UNEXPECTED,
    )


def address_changed(to: str, new: str) -> Letter:
    return Letter(
        to=to,
        subject="Your address has changed",
        paragraphs=["Your account has another address now. This one no longer signs you in."],
        facts=[("New address", new)],
        closing=_NOT_YOU,
    )


def account_changed(to: str, *changes: str) -> Letter:
    return Letter(to=to, subject="Your account has changed", paragraphs=changes, closing=_NOT_YOU)
