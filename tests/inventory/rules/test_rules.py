"""Every command has a rule of its own type. mypy cannot follow the table of rules, so this test does."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import RULES


def _commands() -> set[type[c.AnyCommand]]:
    return {each for each in vars(c).values() if isinstance(each, type) and c.Command in each.__mro__[1:]}


def test_every_command_has_a_rule() -> None:
    """FindAnswer has none: it only looks up an answer."""
    assert set(RULES) == _commands() - {c.FindAnswer}


@pytest.mark.parametrize("command", RULES, ids=lambda command: command.__name__)
def test_a_rule_takes_its_command_and_returns_its_outcome(command: type[Any]) -> None:
    (base,) = command.__orig_bases__
    (outcome,) = get_args(base)
    *_, takes, returns = get_type_hints(RULES[command]).values()
    assert (takes, returns) == (command, outcome)
