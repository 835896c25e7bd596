"""Staff: refusals about accounts, organisations and their members."""

from __future__ import annotations

from holdfast.errors.base import Conflict, Gone, NotFound, Refusal
from holdfast.errors.requests import CredentialsRequired


class StaffRefused(Refusal):
    """A change of an organisation or its members that is not possible, on the command line."""

    status = 409
    title = "Not possible"
    detail = "This change of the staff is not possible."

    NO_ACCOUNT = "There is no account with this e-mail address: `holdfast staff invite` sends an invitation."
    NO_ORGANISATION = "There is no such organisation: `holdfast organisation list` shows them."
    SLUG_TAKEN = "An organisation with this short name exists: choose another one."


class OrganisationNotFound(NotFound):
    code, title = "organisation_not_found", "Organisation not found"
    detail = "You act for no organisation with this number: `/v1/me` lists yours."


class MemberNotFound(NotFound):
    code, title = "member_not_found", "Member not found"
    detail = "The organisation has no such member: list its members."

    NO_ADDRESS = "No member has this e-mail address: list the members."


class LastOwner(Conflict):
    code, title = "last_owner", "Last owner"
    detail = "An organisation needs an owner: make another member its owner first."


class KeyNotFound(NotFound):
    code, title = "key_not_found", "Key not found"
    detail = "There is no API key with this id: list the keys."


class KeyEnded(Conflict):
    """A key that can no longer be rotated."""

    code, title = "key_ended", "Key ended"
    detail = "This API key is revoked or expired: make another one."


class LinkNotValid(Gone):
    """A link of a mail, or of the first start, that does not work: used, ended, or never issued."""

    code, title = "link_not_valid", "Link not valid"
    detail = (
        "This link is not valid: it was used, its time is over, or it was never issued. Ask for another one."
    )

    OTHER_BROWSER = "This link belongs to the browser that asked for it: give the code that it shows."


class SecondFactorRequired(CredentialsRequired):
    """The password was right, or was not needed, and a code is missing or wrong."""

    code, title = "second_factor_required", "Second factor required"
    detail = "This account needs a code of its app, or a recovery code."

    WRONG = "The code is not valid, or it was used: give the one that the app shows next."
    ENROL = "This organisation requires a second factor: sign in without it, and enrol an app."


class SecondFactorState(Conflict):
    """The enrolment of an app is in another state."""

    code, title = "second_factor_state", "Second factor"
    detail = "The account has no second factor: enrol an app first."

    ENROLLED = "The account has an app: remove it first."
    LAST = "An organisation of yours requires a second factor: add another one first."
    TOO_MANY_PASSKEYS = "An account has at most {limit} passkeys: remove one first."


class SessionNotFound(NotFound):
    code, title = "session_not_found", "Session not found"
    detail = "The account has no such session: list its sessions."


class PasskeyNotFound(NotFound):
    code, title = "passkey_not_found", "Passkey not found"
    detail = "The account has no such passkey: list its passkeys."
