"""Pass certificate: what Apple gives to who issues passes, and the signature that it makes.

One PEM file has the certificate of a pass type, its private key, and Apple's certificate that issued it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import NameOID

from holdfast.tickets.wallets.wallet_file import read_wallet_file

__all__ = ["PassCertificate", "load_pass_certificate"]

_KIND = "pass."


@dataclass(frozen=True, slots=True, kw_only=True)
class PassCertificate:
    """A certificate with its key. `pass_type` and `team` are what it says of itself."""

    pass_type: str
    team: str
    ends_at: datetime
    certificate: x509.Certificate
    key: RSAPrivateKey
    issuer: x509.Certificate

    def is_valid(self) -> bool:
        """Return whether phones take passes that are signed now."""
        return datetime.now(UTC) < self.ends_at

    def sign(self, content: bytes) -> bytes:
        """Return a detached signature with both certificates (PKCS #7, DER)."""
        signing = PKCS7SignatureBuilder().set_data(content)
        signing = signing.add_signer(self.certificate, self.key, SHA256()).add_certificate(self.issuer)
        return signing.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])


def load_pass_certificate(file: Path) -> PassCertificate:
    """Return the certificate of a file. Raises ValueError, which says what the file lacks."""
    content = read_wallet_file(file)
    key = _key_in(content)
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError:
        raise ValueError("must be a PEM file with certificates") from None
    own = next((one for one in certificates if one.public_key() == key.public_key()), None)
    if own is None:
        raise ValueError("must have the certificate of its private key")
    pass_type, team = _named(own, NameOID.USER_ID), _named(own, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not pass_type.startswith(_KIND) or not team:
        raise ValueError("must have the certificate of a pass type (`pass.…`), with the team's id")
    issuer = next((one for one in certificates if _has_issued(one, own)), None)
    if issuer is None:
        raise ValueError("must also have the certificate that issued the pass type's one (Apple WWDR)")
    return PassCertificate(
        pass_type=pass_type,
        team=team,
        ends_at=min(own.not_valid_after_utc, issuer.not_valid_after_utc),
        certificate=own,
        key=key,
        issuer=issuer,
    )


def _key_in(content: bytes) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(content, None)
    except TypeError:
        raise ValueError("must have its private key without a password") from None
    except ValueError:
        raise ValueError("must be a PEM file with a private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("must have an RSA key")
    return key


def _named(certificate: x509.Certificate, name: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(name)
    return str(found[0].value) if found else ""


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer is certificate:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
