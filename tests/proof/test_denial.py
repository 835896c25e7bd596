"""Attackers who hold all that they can: what is judged, and a short attack."""

from __future__ import annotations

from collections import Counter

import pytest

from proof.denial import CAP, HOLDS_AT_ONCE, WORKERS, Attack


def attack(*, held: int = 0, honest: dict[int | None, int] | None = None) -> Attack:
    return Attack(10, held=held, honest=Counter(honest or {201: 3}))


def test_attackers_within_their_caps_are_no_fault() -> None:
    within = attack(held=10 * (CAP + WORKERS), honest={201: 3, None: 1, 429: 1})
    assert within.complaints(passed_at_once=HOLDS_AT_ONCE + WORKERS) == []


@pytest.mark.parametrize(
    ("found", "passed_at_once"),
    [
        (attack(held=10 * (CAP + WORKERS) + 1), 5),
        (attack(), HOLDS_AT_ONCE + WORKERS + 1),
        (attack(honest={429: 3, 201: 1}), 5),
        (attack(honest={None: 3}), 5),
    ],
    ids=["too much held", "too many at once", "others refused", "nobody else served"],
)
def test_a_broken_limit_is_accused(found: Attack, passed_at_once: int) -> None:
    assert len(found.complaints(passed_at_once=passed_at_once)) == 1
