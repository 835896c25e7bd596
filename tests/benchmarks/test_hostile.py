"""A small hostile crowd for seconds: every form appears, and the server ends the right ones. All are counted."""

from __future__ import annotations

import pytest
from benchmarks.hostile import BARS, Attack, measure
from benchmarks.hostile_forms import forms
from benchmarks.hostile_samples import Sample, slope_per_minute

from benchmarks import open_loop

STATUSES = {
    "answered, then silent": "status_200",
    "an upgrade, then silent": "status_200",
    "the rest of a small refused body": "status_401",
    "the rest of a large refused body": "status_401",
    "CONNECT, then silent": "status_405",
    "broken heads": "status_400",
}
"""Forms that the server answers at once."""


@pytest.mark.slow
@pytest.mark.skipif(
    not open_loop.is_there(), reason="what makes the load is compiled, and there is no C compiler"
)
def test_an_attack_has_every_form_and_leaves_nothing_behind(database_url: str) -> None:
    attack = Attack(
        connections=200,
        seconds=7.0,
        per_second=400.0,
        buyers_per_second=50.0,
        slices=1,
        slice_seconds=1.0,
        control_seconds=3.0,
        hold_seconds=60,
        back_seconds=3.0,
    )
    result = measure(database_url, workers=1, attack=attack)
    rows = {row.of: row.rounds for row in result.rows}
    for form in forms(1, 2):
        assert rows[form.name]["opened"][0] > 0, form.name
    for name, status in STATUSES.items():
        assert rows[name][status][0] > 0, name
    assert rows["silent from the start"]["ended"][0] > 0
    assert rows["one byte"]["status_408"][0] > 0
    assert max(result.bars["hostile_descriptors_left"]) < 20
    assert set(result.bars) == {bar.name for bar in BARS}
    assert "unexpected errors of the server" not in result.unexpected


def test_a_slope_is_in_megabytes_per_minute() -> None:
    samples = [
        Sample(
            at=10.0 * number,
            resident_mb=(100.0 + number, 7.0),
            descriptors=(1, 1),
            kernel_mb=0.0,
            orphans=0,
            metrics={},
        )
        for number in range(10)
    ]
    assert slope_per_minute(samples, 0) == pytest.approx(6.0)
    assert slope_per_minute(samples, 1) == pytest.approx(0.0)
    assert slope_per_minute(samples[:1], 0) == 0.0
