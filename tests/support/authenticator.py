"""Authenticator: a device that makes passkeys and uses them, as Web Authentication has it. Each part can be wrong."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["ABSENT", "UNVERIFIED", "VERIFIED", "Authenticator"]

Json = dict[str, Any]

_PRESENT, _IS_VERIFIED, _HAS_CREDENTIAL = 0x01, 0x04, 0x40
VERIFIED = _PRESENT | _IS_VERIFIED
UNVERIFIED = _PRESENT
ABSENT = _IS_VERIFIED
"""The device was unlocked before, and nobody has touched it now."""

ES256, EDDSA = -7, -8


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True)
class Authenticator:
    """A device with one passkey. `origin` is the page that its browser shows."""

    origin: str = "http://localhost"
    algorithm: int = ES256
    counts: bool = True
    """Whether it counts its uses. Many phones do not."""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    count: int = 0
    _key: Any = None

    def create(
        self, options: Json, *, flags: int = VERIFIED, kind: str = "webauthn.create", **other: Any
    ) -> Json:
        """Make a passkey. `other` replaces parts: `challenge`, `origin`, `rp`, `algorithm`, `attestation`."""
        self._key = (
            Ed25519PrivateKey.generate()
            if self.algorithm == EDDSA
            else ec.generate_private_key(ec.SECP256R1())
        )
        self.handle = _raw(options["user"]["id"])
        public = self._public_key()
        public[3] = other.get("algorithm", public[3])
        credential = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        data = self._data(str(other.get("rp", options["rp"]["id"])), flags | _HAS_CREDENTIAL)
        attestation = {"fmt": "none", "attStmt": {}, "authData": data + credential + cbor2.dumps(public)}
        return self._credential(
            self._client_data(options, kind, other),
            attestationObject=_text(other.get("attestation", cbor2.dumps(attestation))),
        )

    def get(self, options: Json, *, flags: int = VERIFIED, kind: str = "webauthn.get", **other: Any) -> Json:
        """Use the passkey. `other` replaces parts: `challenge`, `origin`, `rp`, `handle`, `signer`, `count`."""
        self.count = other.get("count", self.count + self.counts)
        client_data = self._client_data(options, kind, other)
        data = self._data(str(other.get("rp", options["rpId"])), flags)
        signer = other.get("signer", self)
        return self._credential(
            client_data,
            authenticatorData=_text(data),
            signature=_text(signer.sign(data + sha256(client_data).digest())),
            userHandle=_text(other.get("handle", self.handle)),
        )

    def sign(self, signed: bytes) -> bytes:
        if self.algorithm == EDDSA:
            return bytes(self._key.sign(signed))
        return bytes(self._key.sign(signed, ec.ECDSA(SHA256())))

    def _public_key(self) -> dict[int, Any]:
        """Return the public key in COSE's form (RFC 9053)."""
        public = self._key.public_key()
        if self.algorithm == EDDSA:
            return {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        return {1: 2, 3: ES256, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}

    def _data(self, rp: str, flags: int) -> bytes:
        return sha256(rp.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, options: Json, kind: str, other: Json) -> bytes:
        written = {
            "type": kind,
            "challenge": other.get("challenge", options["challenge"]),
            "origin": other.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(written).encode()

    def _credential(self, client_data: bytes, **response: str) -> Json:
        """Return what `PublicKeyCredential.toJSON()` writes."""
        return {
            "id": _text(self.credential_id),
            "rawId": _text(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {"clientDataJSON": _text(client_data), "transports": ["internal"], **response},
        }
