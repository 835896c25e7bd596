"""C4 and C6, the final state and the answers of keys: possible and impossible histories by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import EPOCH, EVENT, HELD, Chapter, Scene, Story

chapter = Chapter()
legal, illegal = chapter.legal, chapter.illegal


@illegal("C4")
def a_booking_is_lost(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold)
    del story.bookings[hold]


@legal
def an_unacknowledged_booking_is_missing(story: Story) -> None:
    story.book("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1"), end="info")


@illegal("C4")
def a_hold_is_lost(story: Story) -> None:
    del story.holds[story.hold("ann", 0.0, 0.1, "A1")]


@illegal("C4")
def a_cancellation_is_forgotten(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold)
    story.cancel("ann", 0.4, 0.5, hold)
    story.bookings[hold]["status"] = "confirmed"


@illegal("C4")
def a_booking_exists_without_a_request(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    row = {"id": "phantom", "hold": hold, "event": EVENT, "status": "confirmed", "seats": ["A1"], "areas": {}}
    story.bookings[hold] = row
    story.holds[hold]["status"] = "confirmed"


@legal
def a_request_without_an_end_made_one_hold(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", end="info", key="k")
    story.hold("ann", 0.2, 0.3, "A1", end="info", key="k")
    story.row("hold-of-ann", 0.05, "A1")


@illegal("C4")
def a_request_without_an_end_made_two_holds(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, best=1, end="info", key="k")
    story.hold("ann", 0.2, 0.3, best=1, end="info", key="k")
    story.row("hold-of-ann", 0.05, "A1")
    story.row("hold-of-ann", 0.25, "A2")


@illegal("C4")
def an_instant_booking_is_lost(story: Story) -> None:
    story.instant("ann", 0.0, 0.1, 2)
    story.bookings.clear()


@illegal("C4")
def the_api_and_the_rows_disagree(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold)
    story.api["bookings"] = [{**story.bookings[hold], "status": "cancelled"}]


@illegal("C4")
def a_hold_reads_as_active_long_after_its_expiry(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.holds[hold]["status"] = "active"
    story.api["holds"] = [{"id": hold, "event": EVENT, "status": "active"}]


@legal
def the_journal_leads_to_the_rows(story: Story) -> None:
    story.book("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1", id="h"))
    booked = {"change": "booked", "hold": "h", "booking": "booking-of-h", "areas": {"2": 1}, "by": "open"}
    story.journal((0.05, [{**HELD, "until": EPOCH + 3_050_000}]), (0.25, [booked]))


@illegal("C4")
def the_journal_has_a_gap(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", id="h")
    expired = {"change": "expired", "hold": "h", "seats": [1], "areas": {"2": 1}}
    story.journal((0.05, [{**HELD, "until": EPOCH + 3_050_000}]), (3.1, []), (3.2, [expired]))
    del story.sql["journal"][2]


@illegal("C4")
def the_journal_leads_to_other_rows(story: Story) -> None:
    story.book("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1", id="h"))
    story.journal((0.05, [{**HELD, "until": EPOCH + 3_050_000}]))


@illegal("C4")
def the_journal_books_an_expired_hold(story: Story) -> None:
    story.book("ann", 0.2, 3.3, story.hold("ann", 0.0, 0.1, "A1", id="h"), answer={"confirmed_at": None})
    booked = {"change": "booked", "hold": "h", "booking": "booking-of-h", "areas": {"2": 1}, "by": "open"}
    story.journal((0.05, [{**HELD, "until": EPOCH + 3_050_000}]), (3.06, [booked]))


@illegal("C4")
def the_journal_ends_a_hold_before_its_time(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", id="h")
    expired = {"change": "expired", "hold": "h", "seats": [1], "areas": {"2": 1}}
    story.journal((0.05, [{**HELD, "until": EPOCH + 3_050_000}]), (3.0, [expired]))


@legal
def only_the_acknowledged_of_two_instant_bookings_exists(story: Story) -> None:
    story.instant("ann", 0.0, 0.2, 1, end="info")
    story.instant("bob", 0.0, 0.2, 1)


@legal
def a_request_for_two_kinds_of_lines_has_no_end(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, best=2, floor=1, end="info")
    story.row("hold-of-ann", 0.05, "A1", "A2", areas={"floor": 1})


@legal
def the_network_sends_an_instant_booking_twice(story: Story) -> None:
    story.fault("duplicate-requests", 0.0, 1.0)
    story.instant("ann", 0.0, 0.1, 1)
    story.row("copy", 0.3, status="confirmed", areas={"floor": 1}, booked=True)


@illegal("C4")
def an_instant_booking_is_made_twice(story: Story) -> None:
    story.instant("ann", 0.0, 0.1, 1)
    story.row("copy", 0.3, status="confirmed", areas={"floor": 1}, booked=True)


@legal
def a_key_is_answered_twice_alike(story: Story) -> None:
    times = {"placed_at": EPOCH + 50_000, "expires_at": EPOCH + 3_050_000, "server_time": EPOCH + 50_000}
    story.hold("ann", 0.0, 0.1, "A1", id="h", key="k", answer=times)
    story.hold("ann", 5.0, 5.1, "A1", id="h", key="k", answer=times, replayed=True)


@illegal("C6")
def an_answered_key_is_executed_again(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    answer = {"confirmed_at": EPOCH}
    story.book("ann", 0.2, 0.3, hold, key="k", answer=answer)
    story.book("ann", 0.4, 0.5, hold, key="k", answer=answer)


@illegal("C6")
def a_key_is_answered_twice_and_differently(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", id="h", key="k")
    story.hold("ann", 0.2, 0.3, "A1", id="i", key="k")


@illegal("C6")
def a_key_is_refused_and_then_done(story: Story) -> None:
    story.hold("bob", 0.0, 0.1, "A1")
    story.hold("ann", 0.2, 0.3, "A1", key="k", end="seat_taken")
    story.hold("ann", 5.0, 5.1, "A1", key="k")


@legal
def a_key_is_shed_and_then_done(story: Story) -> None:
    story.hold("ann", 0.2, 0.3, "A1", key="k", end="busy")
    story.hold("ann", 5.0, 5.1, "A1", key="k")


@illegal("C6")
def a_key_is_refused_in_two_ways(story: Story) -> None:
    hold = story.hold("bob", 0.0, 0.1, "A1")
    story.book("bob", 3.2, 3.3, hold, key="k", end="hold_expired")
    story.book("bob", 3.4, 3.5, hold, key="k", end="hold_released")


@pytest.mark.parametrize("scene", chapter.possible, ids=Chapter.name)
def test_possible_histories_are_not_accused(scene: Scene, tmp_path: Path) -> None:
    story = Story()
    scene(story)
    assert [(each.rule, each.detail) for each in story.check(tmp_path).violations] == []


@pytest.mark.parametrize(("rule", "scene"), chapter.impossible, ids=Chapter.name)
def test_impossible_histories_are_accused(rule: str, scene: Scene, tmp_path: Path) -> None:
    story = Story()
    scene(story)
    found = story.check(tmp_path).violations
    assert rule in {each.rule for each in found}, [(each.rule, each.detail) for each in found]


def test_each_rule_has_possible_and_impossible_histories() -> None:
    """A rule needs a history that it must not accuse, and one that it must."""
    assert {rule for rule, _ in chapter.impossible} == {"C4", "C6"}
    assert len(chapter.possible) >= 2
