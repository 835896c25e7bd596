"""Partial cancels and exchanges: possible and impossible histories by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import Chapter, Scene, Story

chapter = Chapter()
legal, illegal = chapter.legal, chapter.illegal


def booked(story: Story, *seats: str, user: str = "ann") -> str:
    hold = story.hold(user, 0.0, 0.1, *seats)
    story.book(user, 0.2, 0.3, hold)
    return hold


@legal
def a_seat_that_returned_is_sold_again(story: Story) -> None:
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2"), "A1")
    story.book("bob", 0.8, 0.9, story.hold("bob", 0.6, 0.7, "A1"))


@illegal("C1")
def a_seat_that_stayed_is_sold_again(story: Story) -> None:
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2"), "A1")
    story.hold("bob", 0.6, 0.7, "A2")


@legal
def seats_are_exchanged_and_both_sides_agree(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.change("ann", 0.4, 0.5, hold, "A1", new=["A3"])
    story.change("ann", 0.6, 0.7, hold, "A2", new=["A2"])
    story.hold("bob", 0.8, 0.9, "A1")
    story.hold("cleo", 0.8, 0.9, "A3", end="seat_taken")
    story.cancel("ann", 1.0, 1.1, hold)
    story.hold("cleo", 1.2, 1.3, "A3")


@legal
def a_later_confirmation_shows_what_the_booking_has_by_then(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.change("ann", 0.4, 0.5, hold, "A1", new=["A3"])
    story.book("ann", 0.6, 0.7, hold, key="later", answer={"seats": ["A2", "A3"]})


@legal
def a_confirmation_after_a_change_without_an_answer_may_show_both(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.change("ann", 0.4, 0.5, hold, "A1", new=["A3"], end="info")
    story.book("ann", 0.6, 0.7, hold, key="later", answer={"seats": ["A1", "A2"]})


@illegal("C1")
def a_later_confirmation_shows_seats_that_it_never_had(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.change("ann", 0.4, 0.5, hold, "A1", new=["A3"])
    story.book("ann", 0.6, 0.7, hold, key="later", answer={"seats": ["A1", "A4"]})


@illegal("C1")
def a_confirmation_shows_a_change_that_nobody_has_asked_for_yet(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.book("ann", 0.35, 0.4, hold, key="later", answer={"seats": ["A2", "A3"]})
    story.change("ann", 0.6, 0.7, hold, "A1", new=["A3"])


@illegal("C1")
def a_new_seat_is_sold_again(story: Story) -> None:
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2"), "A1", new=["A3"])
    story.hold("bob", 0.6, 0.7, "A3")


@illegal("C1")
def an_exchange_gives_a_seat_that_somebody_has(story: Story) -> None:
    story.hold("bob", 0.0, 0.1, "A3")
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2"), "A1", new=["A3"])


@illegal("C1")
def an_exchange_keeps_both(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.change("ann", 0.4, 0.5, hold, "A1", new=["A3"], got=["A1", "A2", "A3"])


@illegal("C1")
def a_partial_cancel_returns_one_too_many(story: Story) -> None:
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2", "A3"), "A1", got=["A2"])


@illegal("C1")
def an_exchange_gives_another_seat_than_was_named(story: Story) -> None:
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2"), "A1", new=["A3"], got=["A2", "A4"])


@illegal("C4")
def a_refused_exchange_returned_the_old_seat(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.hold("bob", 0.2, 0.3, "A3")
    story.change("ann", 0.4, 0.5, hold, "A1", new=["A3"], end="seat_taken")
    story.bookings[hold]["seats"] = story.holds[hold]["seats"] = ["A2"]


@illegal("C4")
def a_partial_cancel_is_forgotten(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.change("ann", 0.4, 0.5, hold, "A1")
    story.bookings[hold]["seats"] = ["A1", "A2"]


@legal
def an_exchange_without_an_answer_was_done(story: Story) -> None:
    hold = booked(story, "A1", "A2")
    story.change("ann", 0.4, 0.5, hold, "A1", new=["A3"], end="info")
    story.bookings[hold]["seats"] = story.holds[hold]["seats"] = ["A2", "A3"]
    story.hold("bob", 0.6, 0.7, "A1")
    story.hold("cleo", 0.6, 0.7, "A3", end="seat_taken")


@legal
def an_exchange_without_an_answer_was_not_done(story: Story) -> None:
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2"), "A1", new=["A3"], end="info")
    story.hold("bob", 0.6, 0.7, "A3")


@illegal("C3")
def an_exchange_is_refused_a_free_seat(story: Story) -> None:
    story.change("ann", 0.4, 0.5, booked(story, "A1", "A2"), "A1", new=["A3"], end="seat_taken")


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
