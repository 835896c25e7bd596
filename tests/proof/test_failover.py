"""The failover pair: nothing is acknowledged without the standby, and the standby has all that was acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from proof.disks.mounts import scratch
from proof.failover_pair import Pair
from proof.system.postgres import SUPERUSER


@pytest.fixture
def pair() -> Iterator[Pair]:
    with scratch() as folder:
        made = Pair(folder)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def keep(pair: Pair, text: str) -> list[str]:
    """Commit a row on the primary, and return the severities of the server's notices."""
    notices: list[str] = []
    with psycopg.connect(pair.primary.url_of("postgres", role=SUPERUSER), autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: notices.append(str(notice.severity_nonlocalized)))
        connection.execute("INSERT INTO kept VALUES (%s)", [text])
    return notices


def kept(pair: Pair) -> list[str]:
    return [text for (text,) in pair.primary.run_sql("SELECT text FROM kept ORDER BY text")]


def test_a_promoted_standby_has_only_acknowledged_commits(pair: Pair) -> None:
    """A shortened wait is a success with a warning, and is lost with the primary."""
    pair.primary.run_sql("CREATE TABLE kept (text text)")
    assert keep(pair, "both have it") == []
    pair.standby.freeze()
    severities: list[str] = []
    waits = threading.Thread(target=lambda: severities.extend(keep(pair, "one has it")))
    waits.start()
    while not pair.waiting():
        assert waits.is_alive(), "a commit did not wait for the standby"
    assert pair.end_waits() == 1
    waits.join()
    assert severities == ["WARNING"]
    assert kept(pair) == ["both have it", "one has it"]
    old = pair.primary
    old.freeze()
    pair.standby.thaw()
    pair.promote()
    assert pair.standby is old
    assert "both have it" in kept(pair)
    assert keep(pair, "alone") == []
    pair.rebuild()
    assert pair.primary.run_sql("SELECT sync_state FROM pg_stat_replication") == [("sync",)]
    assert old.run_sql("SELECT pg_is_in_recovery()") == [(True,)]
