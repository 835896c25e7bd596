"""C7 and C9, reads and rights: histories by hand, possible ones and impossible ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import EPOCH, HELD, Chapter, Story, Tell

chapter = Chapter()
legal, illegal = chapter.legal, chapter.illegal


# -- C7: reads -------------------------------------------------------------------------------------------------------


@legal
def availability_counts_what_is_taken(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=9, held=2, booked=0, blocked=0)


@legal
def availability_may_or_may_not_count_what_is_under_way(story: Story) -> None:
    story.hold("ann", 0.0, 0.4, "A1", "A2")
    story.read(0.1, 0.2, version=1, available=11)
    story.read(0.1, 0.2, version=1, available=9)


@illegal("C7")
def availability_does_not_count_what_is_taken(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=11)


@illegal("C7")
def availability_counts_what_nobody_has(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=8)


@illegal("C7")
def availability_does_not_add_up(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.read(0.2, 0.3, version=1, available=9, held=1, booked=0, blocked=0)


@illegal("C7")
def a_seat_reads_as_available_that_is_booked(story: Story) -> None:
    story.book("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1"))
    story.read(9.0, 9.1, "read_seats", version=2, taken={})


@illegal("C7")
def a_seat_reads_as_held_that_nobody_has(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.read(0.2, 0.3, "read_seats", version=1, taken={"A1": "held", "A2": "held"})


@legal
def a_seat_reads_as_what_it_is(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.book("bob", 0.2, 0.3, story.hold("bob", 0.0, 0.1, "B1"))
    story.read(0.4, 0.5, "read_seats", version=3, taken={"A1": "held", "B1": "booked"})


@illegal("C7")
def a_later_read_tells_an_older_version(story: Story) -> None:
    story.read(0.0, 0.1, version=5, available=11)
    story.read(0.2, 0.3, version=4, available=11)


@legal
def reads_that_overlap_tell_versions_in_any_order(story: Story) -> None:
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
def a_hold_reads_as_it_is(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.read(0.6, 0.7, "read_hold", hold=hold, status="active")
    story.read(3.6, 3.7, "read_hold", hold=hold, status="expired")


# -- C9: who acted ---------------------------------------------------------------------------------------------------


@legal
def the_journal_names_who_asked(story: Story) -> None:
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
def the_journal_releases_what_nobody_gave_back(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", id="h")
    released = {"change": "released", "hold": "h", "seats": [1], "areas": {"2": 1}, "by": "open"}
    story.journal((0.05, [{**HELD, "until": EPOCH + 3_050_000}]), (0.2, [released]))


@pytest.mark.parametrize("tell", chapter.possible, ids=Chapter.name)
def test_what_can_have_happened_is_not_accused(tell: Tell, tmp_path: Path) -> None:
    story = Story()
    tell(story)
    assert [(each.rule, each.detail) for each in story.check(tmp_path).violations] == []


@pytest.mark.parametrize(("rule", "tell"), chapter.impossible, ids=Chapter.name)
def test_what_cannot_have_happened_is_accused(rule: str, tell: Tell, tmp_path: Path) -> None:
    story = Story()
    tell(story)
    found = story.check(tmp_path).violations
    assert rule in {each.rule for each in found}, [(each.rule, each.detail) for each in found]


def test_each_rule_has_both() -> None:
    """At least one history that it must not accuse, and one that it must."""
    assert {rule for rule, _ in chapter.impossible} == {"C7", "C9"}
    assert len(chapter.possible) >= 2
