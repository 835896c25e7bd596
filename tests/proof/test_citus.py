"""The cluster of the proof has the guide's settings, and its plan the promised trials.

The trials themselves are a part of the proof, `python -m proof.citus`: they take minutes, and Citus.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proof import citus_cluster
from proof.citus import ORDER, run
from proof.citus_cluster import SETTINGS
from proof.machine import ROOT


def test_the_cluster_has_the_settings_of_the_guide() -> None:
    """All but TLS, which loopback needs none of."""
    guide = (ROOT / "docs" / "guides" / "citus.md").read_text()
    rows = dict(re.findall(r"^([\w.]+) = '?([^'\n#]+?)'? *(?:#.*)?$", guide, re.MULTILINE))
    assert len(rows) >= 6
    assert rows == {
        **SETTINGS,
        "citus.node_conninfo": SETTINGS["citus.node_conninfo"].replace("disable", "require"),
    }


def test_a_run_has_the_promised_trials() -> None:
    assert len(ORDER) == 19
    assert {way: ORDER.count(way) for way in ORDER} == {
        "shard moved": 12,
        "node killed": 5,
        "coordinator killed": 2,
    }


def test_a_machine_without_citus_leaves_the_part_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(citus_cluster, "_PACKAGES", tmp_path)
    result = run(trials=1, seed=1)
    assert result.left_out == "Citus is not installed"
    assert not result.passed
