"""The table of requirements is complete: each row has an answer, each test exists, and the page shows the table."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

from scenarios.wire.requirement import Requirement
from scenarios.wire.requirements import REQUIREMENTS

sys.path.append(str(Path(__file__).parents[3] / "docs" / "tools"))

from conformance import PAGE, render

ROOT = Path(__file__).parents[3]

ROWS = [(number, row) for number, rows in REQUIREMENTS.items() for row in rows]
NAMES = sorted({name for _, row in ROWS for name in row.tests})
MAX_SHOULDS = 22


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def order(section: str) -> list[int]:
    """Return the sort key of a section. Appendices follow the sections."""
    return [int(part) if part.isdigit() else 1_000 + ord(part) for part in section.split(".")]


@pytest.mark.parametrize("name", NAMES)
def test_a_named_test_exists(name: str) -> None:
    file, _, test = name.partition("::")
    path = ROOT / file if "/" in file else Path(__file__).parent / file
    assert path.exists()
    assert re.fullmatch(r"test_\w+", test)
    assert test in functions_of(path)


def test_every_row_has_exactly_one_answer() -> None:
    def answers(row: Requirement) -> int:
        return bool(row.tests) + bool(row.not_applicable) + bool(row.difference)

    assert [row for _, row in ROWS if answers(row) != 1] == []
    assert [row for _, row in ROWS if len(set(row.tests)) != len(row.tests)] == []


def test_sections_are_valid_and_in_order() -> None:
    for rows in REQUIREMENTS.values():
        sections = [row.section for row in rows]
        assert [one for one in sections if not re.fullmatch(r"([1-9]\d?|[A-F])(\.[1-9]\d?)*", one)] == []
        major = [order(section)[0] for section in sections]
        assert major == sorted(major)


def test_no_row_is_listed_twice() -> None:
    seen = [(number, row.section, row.text) for number, row in ROWS]
    assert [one for one in set(seen) if seen.count(one) > 1] == []


def test_every_text_is_a_sentence() -> None:
    for _, row in ROWS:
        for text in (row.text, row.not_applicable, row.difference):
            assert not text or re.fullmatch(r"[A-Z`].*\.", text), text
        assert len(row.text.split()) < 25, row.text


def test_few_rows_are_shoulds() -> None:
    assert sum(row.level.startswith("SHOULD") for _, row in ROWS) <= MAX_SHOULDS


def test_every_conformance_test_covers_a_requirement() -> None:
    """If no row names a test, a row is missing, or the test belongs in FURTHER."""
    written = {
        f"{path.name}::{name}"
        for path in Path(__file__).parent.glob("test_conformance_*.py")
        for name in functions_of(path)
        if name.startswith("test_")
    }
    assert written - set(NAMES) <= FURTHER


FURTHER = {
    "test_conformance_answers.py::test_every_body_names_its_type",
    "test_conformance_answers.py::test_the_survey_has_an_answer_of_every_kind",
    "test_conformance_conditions.py::test_answers_with_one_tag_differ_in_the_time_of_reading_alone",
    "test_conformance_heads.py::test_the_host_of_an_absolute_target_counts_and_never_the_field",
    "test_conformance_problems.py::test_a_body_explains_every_error",
    "test_conformance_problems.py::test_a_problem_gives_nothing_of_the_program_away",
    "test_conformance_problems.py::test_a_refusal_below_the_application_has_every_field_of_one_above",
    "test_conformance_semantics.py::test_a_method_that_nobody_knows_is_refused",
    "test_conformance_semantics.py::test_connect_opens_no_tunnel",
    "test_conformance_semantics.py::test_options_for_the_whole_server_is_answered",
}
"""Tests of the tests themselves, or of behaviour that no RFC requires with a MUST."""


def test_the_page_shows_the_current_table() -> None:
    """To update the page, run `.venv/bin/python docs/tools/conformance.py`."""
    assert PAGE.read_text() == render()
