"""Passkey proofs: challenges, and what an authenticator answers to them (Web Authentication, level 2).

A challenge needs no row until it is answered rightly, because everybody may ask for one. It carries its end and is
bound to a browser by a MAC. The one that answered it leaves its hash, so that it works once.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = [
    "ALGORITHMS",
    "CHALLENGE_SECONDS",
    "Challenges",
    "NewPasskey",
    "NotProved",
    "RelyingParty",
    "binary_of",
    "challenge_of",
    "text_of",
    "verify_new",
    "verify_use",
]

CHALLENGE_SECONDS = 300
ALGORITHMS = (-7, -8, -257)
"""ES256, EdDSA and RS256, as COSE numbers them: what authenticators have."""

_NONCE_BYTES = 16
_END_BYTES = 8
_MAC_BYTES = 32


class NotProved(Exception):
    """The credential is not one that answers our challenge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Whose passkeys these are, as browsers see it: the host, and the origin of its pages."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """What an authenticator has made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


class Challenges:
    """The challenges of one deployment. All its servers derive the same key from the server key."""

    def __init__(self, server_key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(server_key, b"holdfast passkey challenge", "sha256")
        self._clock = clock

    def issue(self, bound_to: str) -> bytes:
        """Return a challenge for one browser, or for one session. It counts for `CHALLENGE_SECONDS`."""
        end = int(self._clock()) + CHALLENGE_SECONDS
        head = secrets.token_bytes(_NONCE_BYTES) + end.to_bytes(_END_BYTES, "big")
        return head + self._mac(head, bound_to)

    def check(self, challenge: bytes, bound_to: str) -> int:
        """Return when a challenge of ours ends, in seconds of Unix time. Raises NotProved."""
        head, mac = challenge[: _NONCE_BYTES + _END_BYTES], challenge[_NONCE_BYTES + _END_BYTES :]
        end = int.from_bytes(head[_NONCE_BYTES:], "big")
        if not hmac.compare_digest(mac, self._mac(head, bound_to)) or self._clock() >= end:
            raise NotProved
        return end

    def _mac(self, head: bytes, bound_to: str) -> bytes:
        return hmac.digest(self._key, head + bound_to.encode(), "sha256")[:_MAC_BYTES]


def challenge_of(credential: Mapping[str, Any]) -> bytes:
    """Return the challenge that a credential says it answers. Raises NotProved."""
    try:
        said = orjson.loads(binary_of(credential["response"]["clientDataJSON"]))
        return binary_of(said["challenge"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NotProved from None


def verify_new(credential: Mapping[str, Any], challenge: bytes, party: RelyingParty) -> NewPasskey:
    """Return a passkey that was made for this challenge, by a person whom the authenticator has verified.

    Raises NotProved.
    """
    from webauthn import verify_registration_response  # it loads a hundred modules, which few servers need
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    try:
        found = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in ALGORITHMS],
        )
    except Exception as error:  # a library reads a stranger's bytes, and raises what it meets
        raise NotProved from error
    if found.credential_id != binary_of(credential["rawId"]):
        raise NotProved
    return NewPasskey(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
    )


def verify_use(
    credential: Mapping[str, Any],
    challenge: bytes,
    party: RelyingParty,
    *,
    public_key: bytes,
    sign_count: int,
) -> int:
    """Return the sign count of a passkey that has answered this challenge. Raises NotProved.

    A count that does not rise is that of a copy (section 6.1.1 of the standard).
    """
    from webauthn import verify_authentication_response

    try:
        found = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception as error:  # a library reads a stranger's bytes, and raises what it meets
        raise NotProved from error
    return found.new_sign_count


def text_of(raw: bytes) -> str:
    """Return bytes as browsers write them in JSON."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def binary_of(text: str) -> bytes:
    """Return the bytes of a text of a browser. Raises ValueError."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
