"""Passkey bodies: what browsers send and take, as Web Authentication writes it in JSON.

`PublicKeyCredential.toJSON()` gives the credentials. `parseCreationOptionsFromJSON()` and
`parseRequestOptionsFromJSON()` take the options.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from holdfast.access.passkey_proofs import ALGORITHMS, CHALLENGE_SECONDS
from holdfast.api.v1.people import OrganisationNumber, Password
from holdfast.api.values import ShortText
from holdfast.http.values import In

__all__ = [
    "CREATION_OPTIONS",
    "NEW_CREDENTIAL",
    "PASSKEY_EXAMPLE",
    "REQUEST_OPTIONS",
    "USED_CREDENTIAL",
    "AddPasskeyIn",
    "BeginPasskeyIn",
    "PasskeyOut",
    "RenamePasskeyIn",
    "UsePasskeyIn",
]

_MILLISECONDS = CHALLENGE_SECONDS * 1_000


_BASE_64 = r"^[A-Za-z0-9_-]+$"
_Id = Annotated[str, Field(min_length=1, max_length=1_400, pattern=_BASE_64)]
_Data = Annotated[str, Field(min_length=1, max_length=16_000, pattern=_BASE_64)]


class _FromBrowser(BaseModel):
    """A part of a browser's object. Later browsers add members, which are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class NewCredentialResponse(_FromBrowser):
    """How an authenticator answered `navigator.credentials.create()`."""

    client_data: _Data = Field(alias="clientDataJSON")
    attestation_object: _Data = Field(alias="attestationObject")


class CredentialResponse(_FromBrowser):
    """How an authenticator answered `navigator.credentials.get()`."""

    client_data: _Data = Field(alias="clientDataJSON")
    authenticator_data: _Data = Field(alias="authenticatorData")
    signature: _Data
    user_handle: _Id | None = Field(None, alias="userHandle")


class NewCredential(_FromBrowser):
    """A new passkey, as a browser writes it."""

    id: _Id
    raw_id: _Id = Field(alias="rawId")
    type: Literal["public-key"]
    response: NewCredentialResponse


class Credential(_FromBrowser):
    """The use of a passkey, as a browser writes it."""

    id: _Id
    raw_id: _Id = Field(alias="rawId")
    type: Literal["public-key"]
    response: CredentialResponse


class BeginPasskeyIn(In):
    """The account's password."""

    password: Password


class AddPasskeyIn(In):
    """`name`: what its owner calls the device."""

    name: ShortText
    credential: NewCredential


class RenamePasskeyIn(In):
    name: ShortText


class UsePasskeyIn(In):
    """A member of several organisations names the one to act for; default: the first."""

    credential: Credential
    organisation: OrganisationNumber | None = None


class PasskeyOut(BaseModel):
    """A passkey of the account."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


_CHALLENGE = "MTYgcmFuZG9tIGJ5dGVzLCBhbiBlbmQsIGFuZCBhIG1hYw"
_CREDENTIAL_ID = "Y3JlZGVudGlhbCBvZiBhIHBob25l"
PASSKEY_EXAMPLE = {
    "id": "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e10",
    "name": "Phone",
    "created_at": "2026-11-05T18:31:00.123456Z",
    "last_used_at": None,
}
CREATION_OPTIONS = {
    "rp": {"id": "tickets.example", "name": "Holdfast"},
    "user": {"id": "bm9ib2R5J3MgaGFuZGxl", "name": "ada@example.org", "displayName": "Ada Byron"},
    "challenge": _CHALLENGE,
    "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in ALGORITHMS],
    "timeout": _MILLISECONDS,
    "excludeCredentials": [{"type": "public-key", "id": _CREDENTIAL_ID}],
    "authenticatorSelection": {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    },
    "attestation": "none",
}
REQUEST_OPTIONS: dict[str, Any] = {
    "challenge": _CHALLENGE,
    "timeout": _MILLISECONDS,
    "rpId": "tickets.example",
    "allowCredentials": [],
    "userVerification": "required",
}
NEW_CREDENTIAL = {
    "id": _CREDENTIAL_ID,
    "rawId": _CREDENTIAL_ID,
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0",
        "attestationObject": "o2NmbXRkbm9uZQ",
    },
}
USED_CREDENTIAL = {
    "id": _CREDENTIAL_ID,
    "rawId": _CREDENTIAL_ID,
    "type": "public-key",
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
        "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
        "signature": "MEUCIQDx",
    },
}
