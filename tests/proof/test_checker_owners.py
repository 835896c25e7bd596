"""C1 and C2, owners and capacities: possible and impossible histories by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import EPOCH, Chapter, Scene, Story

chapter = Chapter()
legal, illegal = chapter.legal, chapter.illegal


@legal
def two_buyers_have_two_seats(story: Story) -> None:
    story.book("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1"))
    story.book("bob", 0.2, 0.3, story.hold("bob", 0.0, 0.1, "A2"))


@illegal("C1")
def two_buyers_hold_one_seat(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 0.2, 0.3, "A1")


@legal
def a_seat_is_held_again_when_the_first_hold_has_lapsed(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 3.05, 3.2, "A1")


@legal
def a_seat_is_held_again_while_its_release_is_under_way(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.release("ann", 0.5, 0.9, hold)
    story.hold("bob", 0.6, 0.7, "A1")


@illegal("C1")
def a_seat_is_held_again_before_its_release_is_requested(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 0.2, 0.3, "A1")
    story.release("ann", 0.5, 0.9, hold)


@illegal("C1")
def a_seat_is_held_by_another_after_it_was_booked(story: Story) -> None:
    story.book("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1"))
    story.hold("bob", 50.0, 50.1, "A1")


@legal
def a_seat_is_booked_again_after_its_cancellation(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold)
    story.cancel("ann", 1.0, 1.1, hold)
    story.book("bob", 1.4, 1.5, story.hold("bob", 1.2, 1.3, "A1"))


@illegal("C1")
def a_seat_that_was_extended_is_held_by_another(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.extend("ann", 2.0, 2.1, hold)
    story.hold("bob", 3.5, 3.6, "A1")


@legal
def a_seat_whose_extension_was_never_answered_is_held_by_another(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.extend("ann", 2.0, 2.1, hold, end="info")
    story.hold("bob", 3.5, 3.6, "A1")


@legal
def a_clock_that_jumps_may_end_a_hold_early(story: Story) -> None:
    story.fault("database-clock-forward", 0.4, 0.5, jump=5)
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 1.0, 1.1, "A1")


@illegal("C1")
def a_clock_that_jumps_afterwards_ends_no_hold(story: Story) -> None:
    story.fault("database-clock-forward", 10.4, 10.5, jump=5)
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 1.0, 1.1, "A1")


@illegal("C1")
def a_clock_that_goes_back_ends_no_hold(story: Story) -> None:
    story.fault("database-clock-back", 0.4, 0.5, jump=-5)
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 1.0, 1.1, "A1")


@legal
def a_clock_that_went_back_before_prolongs_a_hold(story: Story) -> None:
    story.fault("database-clock-back", 0.0, 0.1, jump=-5)
    hold = story.hold("ann", 1.0, 1.1, "A1")
    story.hold("bob", 7.0, 7.1, "A1", end="seat_taken")
    story.book("ann", 8.0, 8.1, hold, answer={"confirmed_at": EPOCH + 3_000_000})


@legal
def a_clock_that_goes_back_before_a_batch_sees_the_lapse_prolongs_a_hold(story: Story) -> None:
    """Found by family stops_and_clocks, seed 265329305: the event's newest batch was 85 ms before the expiry."""
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.fault("database-clock-back", 3.3, 3.4, jump=-3600)
    story.book("ann", 3.2, 3.5, hold, answer={"confirmed_at": EPOCH + 2_950_000})


@illegal("C1")
def a_clock_that_goes_back_later_revives_a_hold(story: Story) -> None:
    """The sweeper's batch has seen a time after the expiry."""
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.fault("database-clock-back", 20.3, 20.4, jump=-3600)
    story.book("ann", 20.2, 20.5, hold, answer={"confirmed_at": None})


@legal
def a_hold_is_confirmed_near_its_expiry(story: Story) -> None:
    story.book(
        "ann", 2.95, 3.2, story.hold("ann", 0.0, 0.1, "A1"), answer={"confirmed_at": EPOCH + 3_040_000}
    )


@illegal("C1")
def a_hold_is_confirmed_after_it_expired(story: Story) -> None:
    story.book("ann", 3.2, 3.3, story.hold("ann", 0.0, 0.1, "A1"), answer={"confirmed_at": None})


@illegal("C1")
def a_confirmation_reports_a_time_after_the_expiry(story: Story) -> None:
    story.book("ann", 2.0, 3.2, story.hold("ann", 0.0, 0.1, "A1"), answer={"confirmed_at": EPOCH + 3_051_000})


@legal
def a_retry_after_the_expiry_returns_the_earlier_booking(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 1.0, 2.0, hold, key="k", end="info")
    story.book("ann", 9.0, 9.1, hold, key="k", answer={"confirmed_at": EPOCH + 1_500_000})


@illegal("C1")
def one_of_two_seats_is_held(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2", got=["A1"])


@legal
def one_of_two_seats_is_held_with_partial_fulfilment(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2", got=["A1"], partial=True)


@illegal("C1")
def a_booking_has_less_than_its_hold(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1", "A2")
    story.book("ann", 0.2, 0.3, hold, answer={"seats": ["A1"]})


@illegal("C1")
def the_best_available_are_not_together(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, best=2, got=["A1", "A3"])


@illegal("C1")
def the_best_available_are_no_seats(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, best=2, answer={"seats": [], "areas": {"floor": 2}})


@legal
def the_best_available_are_apart_if_allowed(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, best=2, together=False, got=["A1", "A3"])


@illegal("C1")
def another_confirms_the_hold(story: Story) -> None:
    story.book("bob", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1"))


@illegal("C1")
def one_hold_becomes_two_bookings(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold)
    story.book("ann", 0.4, 0.5, hold, id="another")


@illegal("C1")
def one_hold_is_booked_and_released(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold)
    story.release("ann", 0.4, 0.5, hold)


@legal
def three_of_three_are_taken(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, floor=2)
    story.instant("bob", 0.2, 0.3, 1)


@illegal("C2")
def four_of_three_are_taken(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, floor=2)
    story.instant("bob", 0.2, 0.3, 2)


@legal
def four_of_three_are_taken_one_after_the_other(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, floor=2)
    story.instant("bob", 3.05, 3.2, 2)


@illegal("C2")
def a_buyer_exceeds_the_limit(story: Story) -> None:
    story.limits = {"max_per_buyer": 2}
    story.hold("ann", 0.0, 0.1, "A1", "A2", buyer="ann")
    story.hold("ann", 0.2, 0.3, "A3", buyer="ann")


@legal
def a_buyer_reaches_the_limit(story: Story) -> None:
    story.limits = {"max_per_buyer": 2}
    hold = story.hold("ann", 0.0, 0.1, "A1", "A2", buyer="ann")
    story.release("ann", 0.2, 0.3, hold)
    story.hold("ann", 0.4, 0.5, "A3", "A4", buyer="ann")


@legal
def a_booking_has_its_reference_again(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold, answer={"reference": "7K3M01QX"})
    story.book("ann", 0.4, 0.5, hold, answer={"reference": "7K3M01QX"})


@illegal("C1")
def a_booking_has_another_reference_later(story: Story) -> None:
    hold = story.hold("ann", 0.0, 0.1, "A1")
    story.book("ann", 0.2, 0.3, hold, answer={"reference": "7K3M01QX"})
    story.book("ann", 0.4, 0.5, hold, answer={"reference": "7K3M01QY"})


@illegal("C1")
def two_bookings_have_one_reference(story: Story) -> None:
    for user, seat in (("ann", "A1"), ("bob", "A2")):
        story.book(user, 0.2, 0.3, story.hold(user, 0.0, 0.1, seat), answer={"reference": "7K3M01QX"})


TABLE = ("B1", "B2", "B3", "B4")


@legal
def a_table_is_held_whole(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, *TABLE)


@illegal("C1")
def a_part_of_a_table_is_held(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, *TABLE, got=["B1", "B2"], partial=True)


@illegal("C1")
def a_named_seat_does_not_bring_its_table(story: Story) -> None:
    """The log has what the server must read, which is the whole table."""
    story.furnish()
    story.hold("ann", 0.0, 0.1, *TABLE, got=["B1"])


@illegal("C1")
def the_best_available_are_a_part_of_a_table(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, best=2, got=["B1", "B2"])


@illegal("C1")
def a_general_party_gets_a_wheelchair_place(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, best=1, got=["A4"])


@illegal("C1")
def a_general_party_gets_a_companion_seat(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, best=2, got=["A2", "A3"])


@legal
def a_wheelchair_place_is_held_by_name_and_by_request(story: Story) -> None:
    story.furnish()
    story.release("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A3", "A4"))
    story.hold("bob", 0.4, 0.5, best=2, accessible=True, got=["A3", "A4"])


@illegal("C1")
def a_party_with_a_wheelchair_gets_ordinary_seats(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, best=2, accessible=True, got=["A1", "A2"])


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
    assert {rule for rule, _ in chapter.impossible} == {"C1", "C2"}
    assert len(chapter.possible) >= 2
