"""Keys of guests: what random generators make passes, and what people write does not.

The kind is "a secret that is only long". A key may be a time or a counter in the form of a UUID or of hexadecimal
digits, and a text in base 64. The hash of a counter looks random, and no rule can see it: the documents show `uuid4`.
Other members are API keys and hold tokens, which the server makes itself, and passwords, which have rules of their own
(`access/passwords.py`).
"""

from __future__ import annotations

import random
import secrets
import uuid
from base64 import b64encode
from collections.abc import Callable

import pytest

from holdfast.http.retry_keys import is_random

CHANCE = random.Random(14)


def chosen(alphabet: str, length: int) -> str:
    return "".join(CHANCE.choices(alphabet, k=length))


CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GENERATORS: dict[str, Callable[[], str]] = {
    "uuid4": lambda: str(uuid.UUID(int=CHANCE.getrandbits(128), version=4)),
    "UUID4": lambda: str(uuid.UUID(int=CHANCE.getrandbits(128), version=4)).upper(),
    "uuid4 without hyphens": lambda: uuid.UUID(int=CHANCE.getrandbits(128), version=4).hex,
    "token_hex(16)": lambda: CHANCE.randbytes(16).hex(),
    "base 64 of 16 bytes": lambda: b64encode(CHANCE.randbytes(16)).decode(),
    "22 of base 62": lambda: chosen(CAPITALS + CAPITALS.lower() + "0123456789", 22),
    "ULID": lambda: "01JDX5K3" + chosen("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 18),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_random_key_passes(name: str) -> None:
    assert [key for key in (GENERATORS[name]() for _ in range(2_000)) if not is_random(key)] == []


def test_keys_of_the_sdk_and_of_the_documents_pass() -> None:
    assert is_random(secrets.token_urlsafe(24))
    assert is_random("0190163d-8694-739b-aea5-966c26f8ad91"), "version 7"


@pytest.mark.parametrize(
    "key",
    [
        "order-17",
        "order-2026-11-28-000001",
        "Order-2026-11-28-000001-Ada-Lovelace",
        "customer-81-order-2026-000017",
        "checkout-2026-11-28T19:00:00Z",
        "2026-11-28T19:00:00.123456Z-cart-17",
        "cart_17_seat_A-1-12_2026-11-28",
        "ada@example.org/2026/11/28/try/1",
        "the-first-try-of-a-careful-guest",
        "0000000000000000000001",
        "1764442800000000000000000000001",
        "20261128190000123456789012345678",
        "abcdefghijklmnopqrstuvwxyz",
        "deadbeefdeadbeefdeadbeefdeadbeef",
        "00000000-0000-4000-8000-000000000001",
        "00000000-0000-0000-0000-000000000000",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        str(uuid.uuid5(uuid.NAMESPACE_URL, "order-17")),
        "k" * 255,
        "00000000-0000-4000-8000-0192d3a87c1e",  # a time
        f"{1_764_442_800_123_456_789:032x}",
        "0123456789abcdef0123456789abcdef",
        b64encode(b"order-2026-11-28-000001").decode(),
        b64encode(b"customer-81/order-17??").decode().rstrip("=").replace("/", "_"),
        b"order-2026-11-28-000001".hex(),
    ],
)
def test_key_that_a_person_or_a_counter_makes_is_refused(key: str) -> None:
    assert not is_random(key)
