"""The check of a hold's processor time fails above its limit, and prints what it measured."""

from __future__ import annotations

from benchmarks.cpu import Round, verdict

_ROUNDS = [Round(hold=80, echo=40), Round(hold=300, echo=40), Round(hold=84, echo=35)]


def test_the_middle_round_decides() -> None:
    enough, text = verdict(_ROUNDS, most=2.5)
    assert enough
    assert text == ("processor time: 84 µs a hold, 40 µs an echo; ratio 2.40 (2.00 to 7.50), at most 2.5")


def test_a_dear_hold_is_noticed() -> None:
    assert not verdict(_ROUNDS, most=2.3)[0]
