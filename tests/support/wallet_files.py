"""Wallet files: what Apple and Google would give to a seller, made here: a chain of certificates, and an account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

__all__ = [
    "EMAIL",
    "PASS_TYPE",
    "TEAM",
    "PassChain",
    "pass_chain",
    "wallet_account",
    "wallet_key",
    "wallet_settings",
]

PASS_TYPE = "pass.org.example.tickets"
TEAM = "A1B2C3D4E5"
EMAIL = "passes@shop.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassChain:
    """PEM texts: the root, which phones know; the one that issues; the pass type's own with its key."""

    root: bytes
    issuer: bytes
    own: bytes
    key: bytes

    @property
    def file(self) -> bytes:
        return self.own + self.key + self.issuer


@cache
def wallet_key(name: str) -> RSAPrivateKey:
    """Return the key of that name. To make one takes a while."""
    return generate_private_key(65537, 2048)


def pass_chain(
    *, pass_type: str = PASS_TYPE, days: int = 365, issuer: str = "WWDR", password: bytes | None = None
) -> PassChain:
    """Return a chain whose pass type's certificate ends after these days. `issuer` names the key that signs it."""
    root = _certificate("Root", "Root", "root", "root")
    middle = _certificate("WWDR", "Root", "WWDR", "root")
    subject = [
        x509.NameAttribute(NameOID.USER_ID, pass_type),
        x509.NameAttribute(NameOID.COMMON_NAME, f"Pass Type ID: {pass_type}"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, TEAM),
    ]
    own = _certificate(x509.Name(subject), "WWDR", "own", issuer, days=days, is_authority=False)
    secrecy = NoEncryption() if password is None else BestAvailableEncryption(password)
    return PassChain(
        root=root,
        issuer=middle,
        own=own,
        key=wallet_key("own").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secrecy),
    )


def _certificate(
    subject: str | x509.Name,
    issuer: str,
    key: str,
    issuer_key: str,
    *,
    days: int = 3650,
    is_authority: bool = True,
) -> bytes:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(subject) if isinstance(subject, str) else subject)
        .issuer_name(_name(issuer))
        .public_key(wallet_key(key).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=4000))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    return made.sign(wallet_key(issuer_key), SHA256()).public_bytes(Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@cache
def wallet_settings() -> Mapping[str, Any]:
    """Return the settings of a server that has both wallets. Their files last as long as this process."""
    folder = Path(_folder().name)
    (folder / "pass.pem").write_bytes(pass_chain().file)
    return {
        "apple_wallet_certificate": folder / "pass.pem",
        "google_wallet_account": wallet_account(folder),
        "google_wallet_issuer": "3388000000012345678",
    }


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="wallet-files-")


def wallet_account(folder: Path) -> Path:
    """Write the file of a service account, and return its path."""
    file = folder / "account.json"
    key = wallet_key("google").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file.write_text(json.dumps({"type": "service_account", "client_email": EMAIL, "private_key": key}))
    return file
