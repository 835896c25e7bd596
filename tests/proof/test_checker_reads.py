"""C7 and C9, reads and rights: possible and impossible histories by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from story import EPOCH, HELD, Chapter, Scene, Story

chapter = Chapter()
legal, illegal = chapter.legal, chapter.illegal


@legal
def availability_counts_taken_seats(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=9, held=2, booked=0, blocked=0)


@legal
def availability_may_or_may_not_count_a_pending_hold(story: Story) -> None:
    story.hold("ann", 0.0, 0.4, "A1", "A2")
    story.read(0.1, 0.2, version=1, available=11)
    story.read(0.1, 0.2, version=1, available=9)


@illegal("C7")
def availability_misses_taken_seats(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=11)


@illegal("C7")
def availability_counts_a_seat_that_nobody_has(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=8)


@illegal("C7")
def availability_does_not_add_up(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=9, held=1, booked=0, blocked=0)


@illegal("C7")
def a_booked_seat_reads_as_available(story: Story) -> None:
    story.book("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1"))
    story.read(9.0, 9.1, "read_seats", version=2, taken={})


@illegal("C7")
def a_free_seat_reads_as_held(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.read(0.2, 0.3, "read_seats", version=1, taken={"A1": "held", "A2": "held"})


@legal
def seats_read_with_their_status(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.book("bob", 0.2, 0.3, story.hold("bob", 0.0, 0.1, "B1"))
    story.read(0.4, 0.5, "read_seats", version=3, taken={"A1": "held", "B1": "booked"})


@illegal("C7")
def a_later_read_returns_an_older_version(story: Story) -> None:
    story.read(0.0, 0.1, version=5, available=11)
    story.read(0.2, 0.3, version=4, available=11)


@legal
def overlapping_reads_return_versions_in_any_order(story: Story) -> None:
    story.read(0.0, 0.2, version=5, available=11)
    story.read(0.1, 0.3, version=4, available=11)


@illegal("C7")
def a_booking_reads_as_confirmed_after_its_cancellation(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    booking = story.book("ann", 0.2, 0.3, hold)
    story.cancel("ann", 0.4, 0.5, hold)
    story.read(0.6, 0.7, "read_booking", booking=booking, status="confirmed")


@illegal("C7")
def a_hold_reads_as_expired_while_it_lives(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.read(0.6, 0.7, "read_hold", hold=hold, status="expired")


@legal
def a_hold_reads_with_its_status(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.read(0.6, 0.7, "read_hold", hold=hold, status="active")
    story.read(3.6, 3.7, "read_hold", hold=hold, status="expired")


@legal
def the_journal_names_the_caller(story: Story) -> None:
    story.principals = {"ann": "key:ann"}
    story.hold("ann", 0.0, 0.1, "A1", id="h")
    expired = {"change": "expired", "hold": "h", "seats": [1], "areas": {"2": 1}}
    story.journal((0.05, [{**HELD, "by": "key:ann", "until": EPOCH + 3_050_000}]), (3.1, [expired]))


@illegal("C9")
def the_journal_names_another(story: Story) -> None:
    story.principals = {"ann": "key:ann"}
    story.hold("ann", 0.0, 0.1, "A1", id="h")
    expired = {"change": "expired", "hold": "h", "seats": [1], "areas": {"2": 1}}
    story.journal((0.05, [{**HELD, "by": "key:bob", "until": EPOCH + 3_050_000}]), (3.1, [expired]))


@illegal("C9")
def the_journal_has_a_release_without_a_request(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", id="h")
    released = {"change": "released", "hold": "h", "seats": [1], "areas": {"2": 1}, "by": "open"}
    story.journal((0.05, [{**HELD, "until": EPOCH + 3_050_000}]), (0.2, [released]))


def _ended_by_a_cancellation(story: Story, *before: dict[str, Any]) -> None:
    story.principals = {"ann": "key:ann"}
    story.hold("ann", 0.0, 0.1, "A1", id="h")
    story.release("ann", 0.15, 0.3, "h", end="info")
    released = {"change": "released", "hold": "h", "seats": [1], "areas": {"2": 1}, "by": "event_cancelled"}
    held = {**HELD, "by": "key:ann", "until": EPOCH + 3_050_000}
    story.holds["h"]["status"] = "released"
    story.journal((0.05, [held]), (0.2, [*before, released]))


@legal
def a_cancelled_event_ends_a_hold_whose_release_has_no_answer(story: Story) -> None:
    _ended_by_a_cancellation(story, {"change": "event_cancelled", "by": "key:ann"})


@illegal("C9")
def the_journal_names_a_cancellation_that_never_was(story: Story) -> None:
    _ended_by_a_cancellation(story)


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
    assert {rule for rule, _ in chapter.impossible} == {"C7", "C9"}
    assert len(chapter.possible) >= 2
