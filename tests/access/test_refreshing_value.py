"""Values that are read again: fresh while the database answers, the last known one for two minutes while it does not.

Class of bug: one database that is away stops what does not need it. Every value of access that is read again and again
is such a RefreshingValue: API keys, and whether a key was ever made.
"""

from __future__ import annotations

import pytest

from holdfast.access import principals
from holdfast.access.principals import ApiKeys, KeyRow, make_api_key
from holdfast.access.refreshing_value import STALE_SECONDS, RefreshingValue
from holdfast.errors import CredentialsRequired, Unavailable


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Something to read: a value, or a failure."""

    def __init__(self, value: object) -> None:
        self.value = value

    async def read(self) -> object:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


async def test_the_last_value_stays_while_it_cannot_be_read() -> None:
    clock, source = Clock(), Source("old")
    value = RefreshingValue(source.read, seconds=1.0, clock=clock)
    assert await value.get() == "old"
    source.value = Unavailable()
    for clock.now in (0.6, 5.0, STALE_SECONDS - 0.1):
        assert await value.get() == "old"
    clock.now = STALE_SECONDS + 1.1
    with pytest.raises(Unavailable):
        await value.get()
    source.value = "new"
    clock.now += 1.1
    assert await value.get() == "new"
    assert value.newest() == "new"


async def test_a_value_that_was_never_read_is_a_failure() -> None:
    value = RefreshingValue(Source(Unavailable()).read, seconds=1.0, clock=Clock())
    with pytest.raises(Unavailable):
        await value.get()


async def test_a_known_key_works_while_the_database_of_keys_is_away() -> None:
    """An unknown key is not admitted, and a key that is revoked after the outage stops at once."""
    clock = Clock()
    text, digest = make_api_key("shop", "s" * 32)
    source = Source(KeyRow(key_id="shop", secret_hash=digest, scopes=frozenset({"sell"})))
    keys = ApiKeys(lambda _: source.read(), clock=clock)  # type: ignore[arg-type]  # a source of either kind
    assert (await keys.authenticate(text)).id == "key:shop"
    source.value = Unavailable()
    clock.now = 10 * principals.CACHE_SECONDS
    assert (await keys.authenticate(text)).id == "key:shop"
    with pytest.raises(Unavailable):
        await keys.authenticate(make_api_key("other", "s" * 32)[0])
    source.value = None
    clock.now += principals.CACHE_SECONDS + 0.1
    with pytest.raises(CredentialsRequired):
        await keys.authenticate(text)
