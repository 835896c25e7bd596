"""Exemptions: every rule that pyproject.toml switches off must still be needed.

Import contracts need no test here: `lint-imports` refuses an ignored import that no longer exists. Ruff refuses a
needless `noqa`, and mypy a needless `type: ignore`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tidy.sources import ROOT

RUFF = Path(sys.executable).with_name("ruff")
LINT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
IGNORED: list[str] = LINT["ignore"]
PER_FILE: dict[str, list[str]] = LINT["per-file-ignores"]


@cache
def violations() -> frozenset[tuple[str, str]]:
    """Return path and code of everything that ruff reports if no rule is off."""
    codes = ",".join({*IGNORED, *(code for codes in PER_FILE.values() for code in codes)})
    nothing_off = ["--config", "lint.ignore = []", "--config", "lint.per-file-ignores = {}"]
    done = subprocess.run(
        [
            RUFF,
            "check",
            "--no-cache",
            "--exit-zero",
            "--output-format",
            "json",
            "--select",
            codes,
            *nothing_off,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(
        (Path(each["filename"]).relative_to(ROOT).as_posix(), each["code"])
        for each in json.loads(done.stdout)
    )


def folders(pattern: str) -> Iterator[str]:
    """Yield each folder or file that a pattern with braces names."""
    parts = [part.split(",") for part in re.split(r"[{}]", pattern)]
    if pattern.count("{") != 1:
        parts = [[pattern]]
    yield from ("".join(each).removesuffix("**") for each in product(*parts))


@pytest.mark.parametrize(
    ("folder", "code"),
    [(folder, code) for pattern, codes in PER_FILE.items() for folder in folders(pattern) for code in codes],
)
def test_a_rule_that_is_off_for_a_folder_would_report_something_there(folder: str, code: str) -> None:
    """Otherwise the exemption is stale, and hides the next mistake."""
    assert any(path.startswith(folder) and found.startswith(code) for path, found in violations())


@pytest.mark.parametrize("code", IGNORED)
def test_a_rule_that_is_off_would_report_something(code: str) -> None:
    """Otherwise the exemption is stale, and hides the next mistake."""
    assert any(found.startswith(code) for _, found in violations())
