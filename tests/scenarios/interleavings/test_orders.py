"""Orders: each is tried once, a seed repeats its own, and the gate splits the stream into statements."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from holdfast.errors import OutcomeUnknown, Unavailable
from scenarios.interleavings import wire
from scenarios.interleavings.controls import CONTROLS, Control, try_control
from scenarios.interleavings.floor import Choice, Trace
from scenarios.interleavings.orders import DrawnOrder, EveryOrder
from scenarios.interleavings.playing import faults


def test_a_fault_without_a_lost_connection_is_reported() -> None:
    trace = Trace(
        answers={"a": [OutcomeUnknown()], "b": [Unavailable()], "c": [RuntimeError()]}, lost=["a.COMMIT"]
    )
    assert [each.partition(":")[0] for each in faults(trace)] == ["fault", "bug"]


def test_every_order_is_tried_once() -> None:
    """Two engines with three statements each have twenty orders."""
    every, found = EveryOrder(), []
    while True:
        left = {"a": 3, "b": 3}
        order = ""
        while any(left.values()):
            choices = [Choice(who, 1, "statement") for who, count in left.items() if count]
            who = choices[every.choose(choices) if len(choices) > 1 else 0].who
            left[who] -= 1
            order += who
        found.append(order)
        if not every.advance():
            break
    assert len(found) == len(set(found)) == 20


def test_a_seed_draws_the_same_order_again() -> None:
    choices = [Choice(who, 1, "statement") for who in "abc"]
    drawn = {tuple(DrawnOrder(Random(seed)).choose(choices) for _ in range(9)) for seed in (1, 1, 1)}
    assert len(drawn) == 1


def test_statements_are_separated_wherever_the_stream_is_cut() -> None:
    def message(kind: bytes, body: bytes) -> bytes:
        return kind + (len(body) + 4).to_bytes(4, "big") + body

    parse = message(b"P", b"holdfast_x\0SELECT 1\0\0\0")
    bind, execute = message(b"B", b"\0holdfast_x\0\0\0\0\0\0\0"), message(b"E", b"\0\0\0\0\0")
    stream = parse + bind + execute + bind + execute + message(b"S", b"") + message(b"Q", b"BEGIN\0")
    for cut in range(len(stream)):
        buffer, steps, found = bytearray(), wire.Steps(), list[Any]()
        for part in (stream[:cut], stream[cut:]):
            buffer += part
            found += [steps.take(kind, message) for kind, message in wire.messages(buffer)]
        named = [step.name for step in found if step is not None]
        assert named == ["x", "x", None, "BEGIN"]


@pytest.mark.slow
@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_a_broken_copy_of_the_product_is_caught(control: Control) -> None:
    assert try_control(control, schedules=40, seed=1)["caught_by"]
