"""Access tokens: JWTs for programs, by RFC 9068. They are short-lived, and each names the session that it ends with."""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from holdfast.errors import AccessTokenInvalid

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel

__all__ = ["ALGORITHM", "LIFETIME_SECONDS", "SKEW_SECONDS", "AccessTokens", "Claims", "is_access_token"]

ALGORITHM = "EdDSA"
LIFETIME_SECONDS = 600
SKEW_SECONDS = 60
"""How far the clocks of two servers may differ."""

MAX_LENGTH = 2_000
_TYPE = "at+jwt"
_TEXTS = ("iss", "aud", "sub", "jti", "sid", "client_id", "scope")
_TIMES = ("exp", "iat")
_MAX_READ = 1_000
"""How many tokens a process remembers as signed by us."""


def is_access_token(credentials: str) -> bool:
    """Return whether bearer credentials are a JWT and not an API key: the header is an object in base 64."""
    return credentials.startswith("ey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a valid token says."""

    subject: str
    """The principal's id, such as `key:f3a9c1d27b40`."""
    session: str
    """What the token ends with: a session, or the secret of an API key."""
    scopes: frozenset[str]
    issued_at: int
    expires_at: int


class AccessTokens:
    """Signs and reads the tokens of one deployment. All its servers derive the same key from the server key."""

    def __init__(self, server_key: bytes, *, issuer: str, clock: Callable[[], float] = time.time) -> None:
        self._key = _key_of(hmac.digest(server_key, b"holdfast access token key", "sha256"))
        self._header = {"typ": _TYPE, "alg": ALGORITHM, "kid": self._key.thumbprint()}
        self._issuer = issuer
        self._clock = clock
        self._registry = _OneAlgorithm(algorithms=[ALGORITHM])
        self._read: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, *, subject: str, session: str, client: str, scopes: frozenset[str]) -> str:
        """Return a token that is valid for `LIFETIME_SECONDS`, as long as its session lasts."""
        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": subject,
            "client_id": client,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": token_urlsafe(16),
            "sid": session,
            "scope": " ".join(sorted(scopes)),
        }
        return jwt.encode(self._header, claims, self._key, registry=self._registry)

    def read(self, token: str) -> Claims:
        """Return what a token says. Raises AccessTokenInvalid, with one text for everything but its time."""
        known = self._read.get(token)
        if known is None:
            known = self._read[token] = self._verified(token)
            if len(self._read) > _MAX_READ:
                self._read.popitem(last=False)
        now = self._clock()
        if not known.issued_at - SKEW_SECONDS <= now < known.expires_at + SKEW_SECONDS:
            self._read.pop(token, None)
            raise AccessTokenInvalid(AccessTokenInvalid.EXPIRED)
        return known

    def public_keys(self) -> Mapping[str, Any]:
        """Return the JSON Web Key Set by which others verify the tokens."""
        public = self._key.as_dict(private=False)
        about = {"kid": self._header["kid"], "use": "sig", "alg": ALGORITHM}
        return {"keys": [{name: public[name] for name in ("kty", "crv", "x")} | about]}

    def _verified(self, token: str) -> Claims:
        if len(token) > MAX_LENGTH:
            raise AccessTokenInvalid
        try:
            found = jwt.decode(token, self._key, registry=self._registry)
        except (JoseError, ValueError):
            raise AccessTokenInvalid from None
        claims = found.claims
        texts = [claims.get(name) for name in _TEXTS]
        times = [claims.get(name) for name in _TIMES]
        if (
            found.header != self._header
            or not all(isinstance(text, str) for text in texts)
            or not all(type(moment) is int for moment in times)
            or (claims["iss"], claims["aud"]) != (self._issuer, self._issuer)
        ):
            raise AccessTokenInvalid
        return Claims(
            subject=claims["sub"],
            session=claims["sid"],
            scopes=frozenset(claims["scope"].split()),
            issued_at=claims["iat"],
            expires_at=claims["exp"],
        )


class _OneAlgorithm(JWSRegistry):
    """Our algorithm alone.

    The library warns of its name, because RFC 9864 prefers `Ed25519`. Few verifiers know that name yet.
    """

    def get_alg(self, name: str) -> JWSAlgModel:
        if name != ALGORITHM:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def _key_of(seed: bytes) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    key: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "x": _text_of(public), "d": _text_of(seed)}
    return OKPKey.import_key(key)


def _text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
