"""Access tokens: only what this deployment signed, for itself and in its own form, is valid.

The kind is "a JWT that is not quite ours". Its members: another algorithm, key, type, header, issuer, audience or time,
and a claim that is missing or of another type. I found them in RFC 8725, RFC 9068 (section 4) and RFC 7515.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from holdfast.access.access_tokens import LIFETIME_SECONDS, SKEW_SECONDS, AccessTokens, is_access_token
from holdfast.errors import AccessTokenInvalid

SERVER_KEY = b"k" * 32
ISSUER = "https://tickets.example"
NOW = 1_800_000_000


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> AccessTokens:
    return AccessTokens(SERVER_KEY, issuer=ISSUER, clock=clock)


def issue(tokens: AccessTokens) -> str:
    return tokens.issue(subject="key:abcd", session="s1", client="abcd", scopes=frozenset({"sell", "read"}))


def text_of(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    return json.loads(_raw(header)), json.loads(_raw(claims)), signature


def _raw(part: str) -> bytes:
    return urlsafe_b64decode(part + "==")


def signed(tokens: AccessTokens, header: dict[str, Any], claims: Any) -> str:
    """Sign any header and claims with the real key."""
    signing = f"{text_of(header)}.{text_of(claims)}"
    signature = tokens._key.private_key.sign(signing.encode())  # type: ignore[union-attr]  # it is an Ed25519 key
    return f"{signing}.{text_of(signature)}"


def test_a_token_says_who_has_it_and_for_how_long(tokens: AccessTokens) -> None:
    token = issue(tokens)
    assert is_access_token(token)
    assert not is_access_token("hfk_abcd_" + "s" * 43)
    claims = tokens.read(token)
    assert (claims.subject, claims.session, claims.scopes) == ("key:abcd", "s1", {"read", "sell"})
    header, written, _ = parts_of(token)
    assert header == {"typ": "at+jwt", "alg": "EdDSA", "kid": tokens.public_keys()["keys"][0]["kid"]}
    assert written["exp"] - written["iat"] == LIFETIME_SECONDS
    assert written["client_id"] == "abcd"
    assert parts_of(issue(tokens))[1]["jti"] != written["jti"]


def test_every_server_of_a_deployment_reads_it_and_no_other(clock: Clock, tokens: AccessTokens) -> None:
    token = issue(tokens)
    AccessTokens(SERVER_KEY, issuer=ISSUER, clock=clock).read(token)
    for other in (
        AccessTokens(b"o" * 32, issuer=ISSUER, clock=clock),
        AccessTokens(SERVER_KEY, issuer="https://other.example", clock=clock),
    ):
        with pytest.raises(AccessTokenInvalid):
            other.read(token)


def test_the_public_key_verifies_and_has_no_secret(tokens: AccessTokens) -> None:
    (key,) = tokens.public_keys()["keys"]
    assert sorted(key) == ["alg", "crv", "kid", "kty", "use", "x"]
    signing, _, signature = issue(tokens).rpartition(".")
    OKPKey.import_key(dict(key)).public_key.verify(_raw(signature), signing.encode())


@pytest.mark.parametrize(
    ("later", "is_valid"),
    [
        (0, True),
        (LIFETIME_SECONDS + SKEW_SECONDS - 1, True),
        (LIFETIME_SECONDS + SKEW_SECONDS, False),
        (-SKEW_SECONDS, True),
        (-SKEW_SECONDS - 1, False),
    ],
)
def test_clocks_may_differ_by_a_minute(
    clock: Clock, tokens: AccessTokens, later: int, *, is_valid: bool
) -> None:
    token = issue(tokens)
    clock.now += later
    for _ in range(2):  # what is remembered has a time, too
        if is_valid:
            tokens.read(token)
            continue
        with pytest.raises(AccessTokenInvalid, match="expired"):
            tokens.read(token)


HEADERS: dict[str, dict[str, Any]] = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "HS256": {"alg": "HS256"},
    "RS256": {"alg": "RS256"},
    "ES256": {"alg": "ES256"},
    "another name of the algorithm": {"alg": "Ed25519"},
    "no algorithm": {"alg": None},
    "a list of algorithms": {"alg": ["EdDSA"]},
    "an identity token": {"typ": "JWT"},
    "another spelling of the type": {"typ": "AT+JWT"},
    "no type": {"typ": None},
    "another key": {"kid": "other"},
    "a path as the key": {"kid": "../../dev/null"},
    "no key": {"kid": None},
    "a key of its own": {
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    },
    "an address of keys": {"jku": "https://attacker.example/jwks.json"},
    "a critical extension": {"crit": ["exp"], "exp": 1},
    "another member": {"b64": False},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_token_with_another_header_is_refused(tokens: AccessTokens, name: str) -> None:
    header, claims, _ = parts_of(issue(tokens))
    header |= HEADERS[name]
    spoilt = signed(tokens, {key: value for key, value in header.items() if value is not None}, claims)
    with pytest.raises(AccessTokenInvalid):
        tokens.read(spoilt)


CLAIMS: dict[str, dict[str, Any]] = {
    **{
        f"no {name}": {name: None}
        for name in ("iss", "aud", "sub", "exp", "iat", "jti", "sid", "client_id", "scope")
    },
    "another issuer": {"iss": "https://attacker.example"},
    "another audience": {"aud": "https://other.example"},
    "several audiences": {"aud": [ISSUER, "https://other.example"]},
    "an expiry as text": {"exp": str(NOW + 600)},
    "an expiry with a fraction": {"exp": NOW + 0.5},
    "a true expiry": {"exp": True},
    "an endless expiry": {"exp": 1e400},
    "a number as the subject": {"sub": 7},
    "scopes as a list": {"scope": ["sell"]},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_token_with_another_claim_is_refused(tokens: AccessTokens, name: str) -> None:
    header, claims, _ = parts_of(issue(tokens))
    claims |= CLAIMS[name]
    spoilt = signed(tokens, header, {key: value for key, value in claims.items() if value is not None})
    with pytest.raises(AccessTokenInvalid):
        tokens.read(spoilt)


def test_the_public_key_is_no_secret_of_another_algorithm(tokens: AccessTokens) -> None:
    """The classic confusion: HMAC with the public key, which everybody knows, as its secret."""
    header, claims, _ = parts_of(issue(tokens))
    public = _raw(tokens.public_keys()["keys"][0]["x"])
    for secret in (public, text_of(public).encode(), json.dumps(dict(tokens.public_keys())).encode()):
        signing = f"{text_of(header | {'alg': 'HS256'})}.{text_of(claims)}"
        signature = hmac.digest(secret, signing.encode(), "sha256")
        with pytest.raises(AccessTokenInvalid):
            tokens.read(f"{signing}.{text_of(signature)}")


def test_no_part_of_a_token_can_be_changed(tokens: AccessTokens) -> None:
    token = issue(tokens)
    header, claims, signature = token.split(".")
    other = text_of(parts_of(token)[1] | {"scope": "organise"})
    for spoilt in (
        f"{header}.{other}.{signature}",
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{header}..{signature}",
        f"{header}.{claims}.{signature}.{signature}",
        f"{header}.{claims}.{text_of(b'0' * 64)}",
        f"{header}.{claims}.{signature[:-4]}",
        f"{token}=",
        f"{token} ",
        f" {token}",
        f"{token}\u00e9",
        "ey" + "J" * 3_000,
        "ey",
        "eyJ.eyJ.eyJ",
        "e" + text_of([1]) + "." + claims + "." + signature,
        "",
    ):
        with pytest.raises(AccessTokenInvalid):
            tokens.read(spoilt)


def test_claims_that_are_no_object_are_refused(tokens: AccessTokens) -> None:
    header, _, _ = parts_of(issue(tokens))
    for claims in ([], "text", 1, None, b"", b"{", b'{"a":1,"a":2}'):
        with pytest.raises(AccessTokenInvalid):
            tokens.read(signed(tokens, header, claims))
