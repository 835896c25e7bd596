"""An upgrade from the last release, during a sale: its wheel sells, the schema changes, and both versions sell.

Class of bug: a migration that stops, breaks or blocks the servers of the release before, or a change that reads their
rows differently. The wheels of that release are data of the tests, so what is tried is what people run. What the two
versions promise each other stands in docs/guides/upgrade.md.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from deploy_files import ROOT

import holdfast
from holdfast.postgres.schema import GENERATION, status
from holdfast_client import Client
from proof.buyers import Buyers, Moment, compare
from support.environments import Environment
from support.http_app import SECRET_KEY
from support.serving import Serving, run_holdfast

pytestmark = pytest.mark.slow

WHEELS = sorted((ROOT / "tests" / "data").glob("release-*/*.whl"))
LAST_RELEASE = WHEELS[0].name.split("-")[1]
SELLS_SECONDS = 60.0
SALES = 40


@pytest.fixture(scope="module")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheels of the last release."""
    client, server = WHEELS
    return Environment(tmp_path_factory.mktemp("last") / "environment", server, ours=(client,))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def wait_for_sales(buyers: Buyers) -> None:
    assert buyers.wait_until_acknowledged(SALES, seconds=SELLS_SECONDS), buyers.answers


def test_there_is_one_last_release_and_it_is_older() -> None:
    assert [one.name.split("-")[0] for one in WHEELS] == ["holdfast_client", "holdfast_tickets"]
    assert {one.parent.name for one in WHEELS} == {f"release-{LAST_RELEASE}"}
    as_numbers = [tuple(map(int, one.split("."))) for one in (LAST_RELEASE, holdfast.__version__)]
    assert as_numbers == sorted(as_numbers)


def test_a_database_of_the_last_release_is_upgraded_during_a_sale(
    last_release: Environment,
    empty_database_url: str,
    tmp_path: Path,
    stack: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = str(last_release.folder / "bin" / "holdfast")
    settings = {"database_url": empty_database_url, "secret_key": SECRET_KEY}
    last_release.run("holdfast", "db", "upgrade", HOLDFAST_DATABASE_URL=empty_database_url)
    before = status(empty_database_url)
    assert before.generation is not None
    assert before.generation <= GENERATION
    with monkeypatch.context() as alone:
        alone.delenv("PYTHONPATH", raising=False)  # it would bring the current sources
        old = stack.enter_context(Serving(tmp_path / "old", program=program, **settings))
    first = Buyers([f"http://127.0.0.1:{old.port}"], seed=1, count=4)
    stack.callback(first.stop)
    first.open_event()
    with Client(f"http://127.0.0.1:{old.port}") as client:
        kept = client.create_event("From the old release", seat_map={"labels": ["A1"], "category": "stalls"})
    first.start()
    first.resume()
    wait_for_sales(first)

    upgraded = run_holdfast("db", "upgrade", database_url=empty_database_url)
    assert upgraded.returncode == 0, upgraded.stderr
    after = status(empty_database_url)
    assert after.is_usable
    assert after.oldest_server is not None
    assert after.oldest_server <= before.generation, (
        "the changes must say so, and this test must stop the old server"
    )
    wait_for_sales(first)  # the server of the last release goes on

    new = stack.enter_context(Serving(tmp_path / "new", **settings))
    second = Buyers([f"http://127.0.0.1:{new.port}"], seed=2, count=4)
    stack.callback(second.stop)
    second.events.append(first.open_event())  # both sell the same event
    second.start()
    second.resume()
    wait_for_sales(second)
    wait_for_sales(first)
    for buyers in (first, second):
        buyers.pause()
    assert first.surprises == second.surprises == []

    first.stop()
    old.signal(signal.SIGTERM)
    second.open_event()
    second.resume()
    wait_for_sales(second)
    second.pause()
    with Client(f"http://127.0.0.1:{new.port}") as client:
        assert client.get_event(kept).name == "From the old release"
    now = time.monotonic_ns()
    certain, wrong = compare(
        empty_database_url,
        [*first.lives, *second.lives],
        [*first.events, *second.events],
        Moment(begin=now, end=now),
    )
    assert certain > 3 * SALES
    assert wrong == []
    checked = run_holdfast("check", **settings)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert deadlocks(empty_database_url) == 0


def deadlocks(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])
