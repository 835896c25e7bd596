"""Random numbers come from the system's source, each byte of which is used once."""

from __future__ import annotations

from itertools import islice

from holdfast.inventory.random_bits import random_numbers


def test_every_byte_of_the_source_is_used_once() -> None:
    source = iter(range(1_000_000))

    def read(size: int) -> bytes:
        return b"".join(next(source).to_bytes(8, "little") for _ in range(size // 8))

    assert list(islice(random_numbers(read), 1_500)) == list(range(1_500))


def test_two_sources_share_no_number() -> None:
    """Two workers start from the same code, and must not give the same ids."""
    assert not set(islice(random_numbers(), 1_000)) & set(islice(random_numbers(), 1_000))
