"""The alert rules and the dashboard name only metrics and labels that a server has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from deploy_files import DEPLOY, ROOT

sys.path.append(str(ROOT / "docs" / "tools"))

from reference import all_metrics

RULES = DEPLOY / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "holdfast.json"
FROM_PROMETHEUS = {"job", "instance", "le"}


def series() -> dict[str, set[str]]:
    """Return the labels of each series. A histogram has three."""
    found: dict[str, set[str]] = {"up": set()}
    for name, kind, labels, _ in all_metrics():
        ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found |= {name + end: set(labels) for end in ends}
    return found


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


EXPRESSIONS = list(expressions())


@pytest.mark.parametrize(("title", "expression"), EXPRESSIONS, ids=[title for title, _ in EXPRESSIONS])
def test_an_expression_names_existing_metrics_and_labels(title: str, expression: str) -> None:
    known = series()
    named = re.findall(r"\b(holdfast_\w+|up)\b(?:\{([^}]*)\})?", expression)
    assert named, title
    labels_of_all: set[str] = set(FROM_PROMETHEUS)
    for name, matchers in named:
        assert name in known, name
        labels_of_all |= known[name]
        for label in re.findall(r"(\w+)\s*=", matchers):
            assert label in known[name] | FROM_PROMETHEUS, f"{name} has no label {label}"
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in grouped.split(",")} <= labels_of_all


def test_a_wrong_name_would_be_found() -> None:
    assert "holdfast_bookings_total" not in series()
    assert "route" not in series()["holdfast_refusals_total"]


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert {"summary", "action"} <= set(rule["annotations"]), rule["alert"]
        for page in re.findall(r"docs/[\w/-]+\.md", rule["annotations"]["action"]):
            assert (ROOT / page).exists(), page
        for setting in re.findall(r"HOLDFAST_\w+", rule["annotations"]["action"]):
            assert f"`{setting}`" in (ROOT / "docs" / "reference" / "settings.md").read_text(), setting


def test_each_panel_has_its_own_place() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_accepts_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
