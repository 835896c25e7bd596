"""Sale rules as one value: defaults, limits, changes, and the jsonb that keeps them."""

from __future__ import annotations

import pytest

from holdfast.errors import InvalidInput
from holdfast.inventory.rules import sale_rules
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.inventory.store.rows import rules_of, rules_text


def test_new_event_takes_defaults_for_what_is_not_given() -> None:
    assert SaleRules.of_new_event({}) == SaleRules(
        hold_ttl_seconds=600, max_hold_ttl_seconds=1800, max_per_hold=20
    )
    given = {"max_per_hold": 4, "max_per_buyer": None, "allow_partial": True}
    assert SaleRules.of_new_event(given) == SaleRules(
        hold_ttl_seconds=600, max_per_hold=4, allow_partial=True
    )


def test_null_lifts_a_limit_and_means_the_default_of_a_rule_that_always_has_a_value() -> None:
    nothing = dict.fromkeys(sale_rules.NAMES)
    assert SaleRules.of_new_event(nothing) == SaleRules(hold_ttl_seconds=600)


@pytest.mark.parametrize(
    ("given", "lives"),
    [
        ({"max_hold_ttl_seconds": 60}, (60, 60)),
        ({"max_hold_ttl_seconds": 900}, (600, 900)),
        ({"max_hold_ttl_seconds": 86_400}, (600, 86_400)),
        ({"hold_ttl_seconds": 60}, (60, 1_800)),
        ({"hold_ttl_seconds": 3_600}, (3_600, 3_600)),
        ({"hold_ttl_seconds": 86_400, "max_hold_ttl_seconds": None}, (86_400, 86_400)),
        ({"hold_ttl_seconds": 900, "max_hold_ttl_seconds": 1_000}, (900, 1_000)),
    ],
)
def test_the_life_that_is_not_given_follows_the_one_that_is(
    given: dict[str, int | None], lives: tuple[int, int]
) -> None:
    rules = SaleRules.of_new_event(given)
    assert (rules.hold_ttl_seconds, rules.max_hold_ttl_seconds) == lives


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (least, most) in sale_rules.LIMITS.items() for value in (least - 1, most + 1)],
)
def test_value_beyond_a_limit_is_refused_at_its_field(name: str, value: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        SaleRules().changed({name: value})
    assert (f"/{name}", "out_of_range") in {(one.pointer, one.code) for one in refused.value.errors}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, limits in sale_rules.LIMITS.items() for value in limits]
)
def test_limits_themselves_are_allowed(name: str, value: int) -> None:
    longest = {"max_hold_ttl_seconds": sale_rules.MAX_HOLD_TTL_SECONDS, "hold_ttl_seconds": 1}
    assert getattr(SaleRules().changed({**longest, name: value}), name) == value


def test_default_life_beyond_the_maximum_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at most `max_hold_ttl_seconds`, 60") as refused:
        SaleRules().changed({"max_hold_ttl_seconds": 60})
    (fault,) = refused.value.errors
    assert (fault.pointer, fault.code) == ("/hold_ttl_seconds", "out_of_range")


def test_each_broken_rule_has_its_own_field_error() -> None:
    with pytest.raises(InvalidInput) as refused:
        SaleRules().changed({"max_per_hold": 0, "max_per_buyer": -1})
    assert [one.pointer for one in refused.value.errors] == ["/max_per_hold", "/max_per_buyer"]


def test_changes_name_what_differs() -> None:
    before = SaleRules(max_per_hold=4)
    after = before.changed({"max_per_hold": None, "max_per_buyer": 6, "allow_partial": False})
    assert after.changes_from(before) == {"max_per_hold": None, "max_per_buyer": 6}


def test_stored_text_reads_back_as_the_same_rules() -> None:
    rules = SaleRules(
        hold_ttl_seconds=5, max_hold_ttl_seconds=7, max_per_hold=2, max_per_buyer=3, allow_partial=True
    )
    assert rules_of(rules_text(rules)) == rules
    assert rules_of(rules_text(SaleRules())) == SaleRules()


def test_stored_text_may_lack_a_rule_or_know_one_more() -> None:
    assert rules_of('{"max_per_hold": 2, "rule_of_a_later_version": [1]}') == SaleRules(max_per_hold=2)
