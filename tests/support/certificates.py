"""Certificates of a server: a root, one that it issued, and the server's own for names of this machine."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

__all__ = ["ServerChain", "server_chain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChain:
    """PEM files: the root, which clients know; the server's own and its issuer's certificates; the server's key."""

    root: Path
    certfile: Path
    keyfile: Path

    def client_context(self) -> ssl.SSLContext:
        """Return what a client checks the server with."""
        return ssl.create_default_context(cafile=self.root)


def server_chain(folder: Path, *, password: bytes | None = None) -> ServerChain:
    """Make a chain for `localhost` and 127.0.0.1, in files of this folder."""
    folder.mkdir(exist_ok=True)
    root_key, issuer_key, own_key = (generate_private_key(SECP256R1()) for _ in range(3))
    root = _certificate("Root", root_key, "Root", root_key)
    issuer = _certificate("Issuer", issuer_key, "Root", root_key)
    own = _certificate("Server", own_key, "Issuer", issuer_key, is_authority=False)
    secrecy = NoEncryption() if password is None else BestAvailableEncryption(password)
    files = {
        "root.pem": root,
        "server.pem": own + issuer,
        "key.pem": own_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secrecy),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return ServerChain(root=folder / "root.pem", certfile=folder / "server.pem", keyfile=folder / "key.pem")


def _certificate(
    subject: str,
    key: EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: EllipticCurvePrivateKey,
    *,
    is_authority: bool = True,
) -> bytes:
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if is_authority:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, SHA256()).public_bytes(Encoding.PEM)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
