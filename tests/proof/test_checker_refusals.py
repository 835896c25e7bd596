"""C3, refusals: possible and impossible histories by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from story import EPOCH, EVENT, Chapter, Scene, Story

chapter = Chapter()
legal, illegal = chapter.legal, chapter.illegal


@legal
def a_seat_is_refused_because_another_has_it(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 0.2, 0.3, "A1", end="seat_taken")


@legal
def a_seat_is_refused_because_another_is_getting_it(story: Story) -> None:
    story.hold("bob", 0.0, 0.3, "A1", end="seat_taken")
    story.hold("ann", 0.1, 0.4, "A1")


@illegal("C3")
def a_free_seat_is_refused(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A2")
    story.hold("bob", 0.2, 0.3, "A1", end="seat_taken")


@illegal("C3")
def a_seat_is_refused_long_after_its_hold_lapsed(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 4.3, 4.4, "A1", end="seat_taken")


@legal
def a_seat_is_refused_within_a_second_of_the_lapse(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 4.0, 4.4, "A1", end="seat_taken")


@illegal("C3")
def a_seat_is_refused_after_its_release(story: Story) -> None:
    story.release("ann", 0.2, 0.3, story.hold("ann", 0.0, 0.1, "A1"))
    story.hold("bob", 0.4, 0.5, "A1", end="seat_taken")


@legal
def a_seat_is_refused_because_an_unanswered_request_took_it(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", end="info")
    story.row("hold-of-ann", 0.05, "A1")
    story.hold("bob", 0.4, 0.5, "A1", end="seat_taken")


@legal
def a_seat_is_refused_because_a_repeated_request_took_it(story: Story) -> None:
    """Some formats answer the same user's second request with the hold of the first."""
    placed = {"placed_at": EPOCH + 50_000, "expires_at": EPOCH + 3_050_000}
    story.hold("ann", 0.0, 0.1, "A1", end="info", via="reservations", buyer="ann")
    story.hold("bob", 0.4, 0.5, "A1", end="seat_taken")
    story.hold("ann", 0.6, 0.7, "A1", id="h", via="reservations", buyer="ann", answer=placed)


@illegal("C3")
def a_seat_is_refused_although_an_unanswered_request_did_not_take_it(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", end="info")
    story.hold("bob", 0.4, 0.5, "A1", end="seat_taken")


@legal
def an_area_is_sold_out(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, floor=2)
    story.hold("bob", 0.2, 0.3, floor=2, end="sold_out")


@illegal("C3")
def an_area_is_sold_out_too_soon(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, floor=2)
    story.hold("bob", 0.2, 0.3, floor=1, end="sold_out")


@illegal("C3")
def an_instant_booking_fails_without_a_reason(story: Story) -> None:
    story.instant("bob", 0.2, 0.3, 3, end="sold_out")


@legal
def no_two_seats_are_together(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A2", "A4", "B2", "B4")
    story.hold("bob", 0.2, 0.3, best=2, end="not_together")


@illegal("C3")
def two_seats_are_together_and_refused(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A4", "B2", "B4")
    story.hold("bob", 0.2, 0.3, best=2, end="not_together")


@legal
def a_category_is_sold_out_and_the_other_is_not(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2", "A3", "A4")
    story.hold("bob", 0.2, 0.3, best=1, category="stalls", end="sold_out")


@illegal("C3")
def the_best_are_sold_out_while_seats_are_free(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", "A2", "A3", "A4")
    story.hold("bob", 0.2, 0.3, best=4, together=False, end="sold_out")


@illegal("C3")
def a_partial_request_is_refused_although_one_seat_is_free(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 0.2, 0.3, "A1", "A2", partial=True, end="seat_taken")


@legal
def a_seat_is_refused_because_of_an_unanswered_owner(story: Story) -> None:
    """Clocks jumped, so no time identifies the successful request: it may have been the first unanswered one."""
    story.fault("database-clock", 0.0, 0.01, jump=3600)
    made = story.hold("ann", 0.1, 0.2, "A1", "A2", partial=True, end="info")
    story.holds[made] = {"id": made, "event": EVENT, "seats": ["A1"], "areas": {}, "status": "expired"}
    story.hold("bob", 0.5, 0.6, "A1", end="seat_taken")
    story.hold("cat", 1.0, 1.1, "A1", end="info")
    story.hold("dan", 1.2, 1.3, floor=1, end="info")


@illegal("C3")
def a_buyer_is_refused_below_the_limit(story: Story) -> None:
    story.limits = {"max_per_buyer": 2}
    story.hold("ann", 0.0, 0.1, "A1", buyer="ann")
    story.hold("ann", 0.2, 0.3, "A2", buyer="ann", end="quantity_over_limit")


@legal
def a_buyer_is_refused_above_the_limit(story: Story) -> None:
    story.limits = {"max_per_buyer": 2}
    story.hold("ann", 0.0, 0.1, "A1", buyer="ann")
    story.hold("ann", 0.2, 0.3, "A2", "A3", buyer="ann", end="quantity_over_limit")


@legal
def a_taken_table_is_refused(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, "B1", "B2", "B3", "B4")
    story.hold("bob", 0.2, 0.3, "B1", "B2", "B3", "B4", partial=True, end="seat_taken")


@illegal("C3")
def a_free_table_is_refused(story: Story) -> None:
    story.furnish()
    story.hold("bob", 0.2, 0.3, "B1", "B2", "B3", "B4", end="seat_taken")


@legal
def a_general_party_is_refused_while_a_table_and_kept_places_are_free(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, "A1")
    story.hold("bob", 0.2, 0.3, best=2, end="not_together")
    story.hold("cat", 0.4, 0.5, best=3, together=False, end="sold_out")


@illegal("C3")
def a_general_party_is_refused_beside_free_seats(story: Story) -> None:
    story.furnish()
    story.hold("bob", 0.2, 0.3, best=2, end="not_together")


@illegal("C3")
def a_free_wheelchair_place_is_refused(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, "A1", "A2", "A3")
    story.hold("bob", 0.2, 0.3, best=1, accessible=True, end="sold_out")


@legal
def a_taken_wheelchair_place_is_refused(story: Story) -> None:
    story.furnish()
    story.hold("ann", 0.0, 0.1, "A4")
    story.hold("bob", 0.2, 0.3, best=1, accessible=True, end="sold_out")


@illegal("C3")
def sales_are_reported_as_stopped_without_a_stop(story: Story) -> None:
    story.hold("ann", 0.0, 0.1, "A1", end="sales_stopped")


@illegal("C3")
def a_hold_is_reported_as_expired_too_early(story: Story) -> None:
    story.book("ann", 1.0, 1.1, story.hold("ann", 0.0, 0.1, "A1"), end="hold_expired")


@legal
def a_hold_is_reported_as_expired_in_time(story: Story) -> None:
    story.book("ann", 3.1, 3.2, story.hold("ann", 0.0, 0.1, "A1"), end="hold_expired")


@illegal("C3")
def a_hold_is_not_found_by_its_owner(story: Story) -> None:
    story.book("ann", 1.0, 1.1, story.hold("ann", 0.0, 0.1, "A1"), end="hold_not_found")


@legal
def a_hold_is_not_found_by_another(story: Story) -> None:
    story.book("bob", 1.0, 1.1, story.hold("ann", 0.0, 0.1, "A1"), end="hold_not_found")


@illegal("C3")
def a_hold_is_reported_as_released_without_a_request(story: Story) -> None:
    story.extend("ann", 1.0, 1.1, story.hold("ann", 0.0, 0.1, "A1"), end="hold_released")


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
    assert {rule for rule, _ in chapter.impossible} == {"C3"}
    assert len(chapter.possible) >= 2
