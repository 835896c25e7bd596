"""Ticket codes: what the QR code of a ticket says, signed, so that a door needs only a public key.

    HF1 | base 45 of: key id (3 bytes), booking (16), number of the ticket (3), revision (4), Ed25519 signature (64)

The booking's id begins with its event's number. The signature is over `HF1` and the 26 bytes before it. A code is
derived each time, and stored nowhere.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.tickets.base45 import decode_base45, encode_base45

__all__ = [
    "ALGORITHM",
    "LINK_PAGE",
    "MAX_CODE_LENGTH",
    "TicketCodes",
    "TicketName",
    "link_token",
    "ticket_page",
]

ALGORITHM = "EdDSA"
MAX_CODE_LENGTH = 138
LINK_PAGE = "my/ticket"
"""The page of a link, from the server's root. What opens the ticket follows `#`."""
_PREFIX = "HF1"
_LIST_PREFIX = b"HFL1"
_NAME = Struct(">3s16s3sI")
"""Key id, booking, number and revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketName:
    """Which ticket a code is of. A ticket that is issued again has the next revision."""

    booking_id: UUID
    number: int
    revision: int


def link_token(code: str) -> str:
    """Return a code for a link, in characters that no address changes. The link ends with the code."""
    content = decode_base45(code.removeprefix(_PREFIX))
    assert content is not None
    return urlsafe_b64encode(content).decode("ascii")


def ticket_page(code: str) -> str:
    """Return the page of a ticket alone, from the server's root."""
    return f"{LINK_PAGE}#{link_token(code)}"


class TicketCodes:
    """Signs and reads the codes of one deployment. All its servers derive the same key from the server key."""

    def __init__(self, server_key: bytes) -> None:
        seed = hmac.digest(server_key, b"holdfast ticket key", "sha256")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public_key = self._key.public_key()
        self._raw_public_key = self._public_key.public_bytes_raw()
        self._key_id = sha256(self._raw_public_key).digest()[:3]

    def code_of(self, name: TicketName) -> str:
        """Return the code of a ticket. The same ticket and revision always have the same one."""
        number = name.number.to_bytes(3, "big")
        content = _NAME.pack(self._key_id, name.booking_id.bytes, number, name.revision)
        signature = self._key.sign(_PREFIX.encode("ascii") + content)
        return _PREFIX + encode_base45(content + signature)

    def read(self, code: str) -> TicketName | None:
        """Return the ticket of a code that this deployment has signed; None for any other text."""
        if not code.startswith(_PREFIX) or len(code) != MAX_CODE_LENGTH:
            return None
        content = decode_base45(code.removeprefix(_PREFIX))
        if content is None or not content.startswith(self._key_id):
            return None
        signed, signature = content[: _NAME.size], content[_NAME.size :]
        try:
            self._public_key.verify(signature, _PREFIX.encode("ascii") + signed)
        except InvalidSignature:
            return None
        _, booking, number, revision = _NAME.unpack(signed)
        return TicketName(
            booking_id=UUID(bytes=booking), number=int.from_bytes(number, "big"), revision=revision
        )

    def read_link(self, token: str) -> TicketName | None:
        """Return the ticket of a link's token that this deployment has made; None for any other text."""
        try:
            content = b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return None
        if len(content) % 2 or urlsafe_b64encode(content).decode("ascii") != token:
            return None
        return self.read(_PREFIX + encode_base45(content))

    def sign_list(self, content: bytes) -> str:
        """Return the signature of a door's list in base 64. What it signs begins unlike the content of any code."""
        return b64encode(self._key.sign(_LIST_PREFIX + content)).decode("ascii")

    def public_keys(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return the JSON Web Key Set by which a door verifies codes. `kid` is the key id in hexadecimal digits."""
        x = urlsafe_b64encode(self._raw_public_key).rstrip(b"=").decode("ascii")
        key = {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": x,
            "kid": self._key_id.hex(),
            "use": "sig",
            "alg": ALGORITHM,
        }
        return {"keys": [key]}
