"""Rushes with trouble: servers die, answers are lost, people press Ctrl-C, other clients buy too."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest

from holdfast_client import Client, Quantity
from support.house_of import fetch
from support.lossy_proxy import Loss, lossy_proxy
from support.postgres import TestDatabases
from support.rushing import House, Start, open_house

CROWD = ("--buyers", 400, "--over", 4, "--pay-seconds", "0.2-1", "--come-back-seconds", "0.5-1", "--seed", 11)

FEW = (
    *("--buyers", 20, "--over", 0.5, "--quantity", 1, "--abandon", 0, "--release", 0),
    *("--pay-seconds", "0-0.2"),
)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_surveyed(line: str) -> bool:
    """Return whether this is the last line before the start of the processes with buyers."""
    return line.startswith("Machine:")


def is_under_way(line: str) -> bool:
    """Return whether the line shows bookings."""
    return " came " in line and " booked 0 " not in line


def test_a_rush_adds_up_after_the_server_was_killed(own_house: House, start: Start) -> None:
    """Buyers retry with the same key until the server is back."""
    event = own_house.sell(capacity=10_000)
    rush = start(own_house.url, "--event", event, *CROWD)
    rush.wait_until(is_under_way)
    (worker,) = own_house.server.workers
    os.kill(worker, signal.SIGSTOP)
    rush.wait_until(is_under_way)  # requests queue at the silent server for a second
    os.kill(worker, signal.SIGKILL)
    assert rush.end() == 0, rush.said
    assert sum(rush.report["lost"].values()) > 0
    assert rush.report["buyers"]["unanswered"] == 0
    assert "It adds up." in "".join(rush.said)


def test_buyers_retry_after_busy(databases: TestDatabases, start: Start, tmp_path: Path) -> None:
    """A server with a queue of one request refuses most requests, but each buyer gets a final answer."""
    with open_house(databases, tmp_path / "house", queue_limit="1", batch_limit="1") as house:
        event = house.sell(capacity=10_000)
        rush = start(house.url, "--event", event, *CROWD, "--over", 0.5, "--buyers", 200)
        assert rush.end() == 0, rush.said
    assert rush.report["refusals"]["busy"] > 0
    assert rush.report["latency"]["later"]["count"] >= rush.report["refusals"]["busy"]
    assert rush.report["buyers"]["unanswered"] == 0


def test_a_rush_without_its_server_does_not_add_up(own_house: House, start: Start) -> None:
    event = own_house.sell(capacity=10_000)
    rush = start(own_house.url, "--event", event, *CROWD, "--patience-seconds", 1)
    rush.wait_until(is_under_way)
    own_house.server.signal(signal.SIGTERM)
    assert rush.end() == 1, rush.said
    report = rush.report
    assert report["buyers"]["unanswered"] > 0
    assert [one["name"] for one in report["check"]["statements"]] == ["server"]
    # The latencies include buyers who waited in vain.
    counted = sum(report["latency"][step]["count"] for step in ("look", "hold", "confirm", "release"))
    assert counted == sum(report["series"]["answers"]) + report["buyers"]["unanswered"]
    assert "did not report its sales" in "".join(rush.said)


def test_an_interrupt_ends_a_rush_with_a_report(house: House, start: Start) -> None:
    event = house.sell(capacity=10_000)
    rush = start(
        house.url, "--event", event, *CROWD, "--over", 600, "--arrival", "poisson", "--buyers", 60_000
    )
    rush.wait_until(is_under_way)
    rush.process.send_signal(signal.SIGINT)
    assert rush.end() == 130, rush.said
    report = rush.report
    assert report["is_interrupted"]
    assert report["check"]["adds_up"]
    assert report["buyers"]["sent_home"] > 0
    assert 0 < report["buyers"]["came"] < 60_000


def test_a_second_interrupt_ends_at_once(own_house: House, start: Start) -> None:
    """The server is silent, so there is nothing to compare."""
    event = own_house.sell(capacity=10_000)
    rush = start(own_house.url, "--event", event, *CROWD, "--over", 600, "--buyers", 60_000)
    rush.wait_until(is_under_way)
    (worker,) = own_house.server.workers
    os.kill(worker, signal.SIGSTOP)
    try:
        rush.process.send_signal(signal.SIGINT)
        rush.wait_until(lambda line: line.startswith("Interrupted"))
        rush.process.send_signal(signal.SIGINT)
        assert rush.end() == 130
    finally:
        os.kill(worker, signal.SIGCONT)
    assert not rush.folder.exists()


def test_sales_to_other_clients_do_not_add_up(house: House, start: Start) -> None:
    event = house.sell(capacity=10_000)
    rush = start(house.url, "--event", event, *CROWD)
    rush.wait_until(is_under_way)
    with Client(house.url) as stranger:
        stranger.confirm_hold(stranger.place_hold(event, Quantity(3)))
    assert rush.end() == 1, rush.said
    (wrong,) = [one for one in rush.report["check"]["statements"] if not one["holds"]]
    booked, gained = rush.report["admissions"]["booked"], rush.report["event"]["after"]["booked"]
    assert gained == booked + 3
    assert wrong["name"] == "bookings"
    assert "others may explain" in wrong["text"]


def test_a_lost_booking_does_not_add_up(house: House, start: Start) -> None:
    """Its buyer has a confirmation, although the counters still agree."""
    event = house.sell(capacity=10_000)
    rush = start(house.url, "--event", event, *CROWD)
    rush.wait_until(is_under_way)
    statement = (
        "DELETE FROM bookings WHERE (event_number, id) IN"
        " (SELECT event_number, id FROM bookings WHERE event_number = %s LIMIT 1) RETURNING id"
    )
    ((booking,),) = fetch(house.database_url, statement, event)
    assert rush.end() == 1, rush.said
    (wrong,) = [one for one in rush.report["check"]["statements"] if not one["holds"]]
    assert wrong["name"] == "reading"
    assert f"{booking}: booking_not_found" in wrong["text"]


def test_processes_with_buyers_end_with_their_parent(house: House, start: Start) -> None:
    event = house.sell(capacity=10_000)
    rush = start(house.url, "--event", event, *CROWD, "--over", 600, "--processes", 2)
    rush.wait_until(is_under_way)
    ends = [os.pidfd_open(child) for child in children_of(rush.process.pid)]
    assert len(ends) == 2
    rush.process.kill()
    for end in ends:
        assert select.select([end], [], [], 30)[0], "a process with buyers lives on"
        os.close(end)
    rush.end()


def test_a_rush_fails_if_a_process_with_buyers_ends(house: House, start: Start) -> None:
    """Its buyers' answers are lost, so there is nothing to compare."""
    event = house.sell(capacity=10_000)
    rush = start(house.url, "--event", event, *CROWD, "--over", 600, "--processes", 2)
    rush.wait_until(is_under_way)
    os.kill(children_of(rush.process.pid)[0], signal.SIGKILL)
    assert rush.end() == 1
    assert rush.said[-1] == "holdfast: A process with buyers ended early: exit code -9\n"
    assert not rush.folder.exists()


@pytest.mark.parametrize("loss", list(Loss))
def test_a_buyer_retries_a_lost_answer_with_the_same_key(loss: Loss, house: House, start: Start) -> None:
    event = house.sell(capacity=100)
    with lossy_proxy(house.url) as proxy:
        rush = start(proxy.url, "--event", event, *FEW)
        rush.wait_until(is_surveyed)
        proxy.losses.extend([loss] * 8)
        assert rush.end() == 0, rush.said
    assert sum(rush.report["lost"].values()) == 8
    assert rush.report["event"]["after"]["booked"] == rush.report["buyers"]["booked"] == 20
    assert len(proxy.keys) == len(set(proxy.keys)) + 8


def test_requests_without_an_answer_are_settled_afterwards(house: House, start: Start) -> None:
    """Buyers without patience do not retry, so the rush retries their requests at the end."""
    event = house.sell(capacity=100)
    with lossy_proxy(house.url) as proxy:
        rush = start(proxy.url, "--event", event, *FEW, "--patience-seconds", 0)
        rush.wait_until(is_surveyed)
        proxy.losses.extend([Loss.ANSWER] * 6)
        assert rush.end() == 0, rush.said
    assert rush.report["buyers"]["unanswered"] == 6
    (settled,) = [one["text"] for one in rush.report["check"]["statements"] if one["name"] == "answers"]
    assert settled.startswith("6 requests had no answer")
