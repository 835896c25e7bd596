"""Files: the recorded answers. `HOLDFAST_TEST_GOLDEN=record` writes them; every other run compares."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

__all__ = ["RECORDED", "compare", "read_recorded", "sorted_entries"]

RECORDED = Path(__file__).parent / "recorded"
_MAX_DIFF_LINES = 200


def compare(name: str, found: Any) -> None:
    """Compare a value with the recorded file of this name. A text is in a `.txt` file, everything else in JSON.

    Entries keep their order; `sorted_entries` sorts them. Raises AssertionError with a diff.
    """
    is_text = isinstance(found, str)
    file = RECORDED / f"{name}.{'txt' if is_text else 'json'}"
    text = found if is_text else _pretty(found)
    if os.environ.get("HOLDFAST_TEST_GOLDEN") == "record":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    if text == known:
        return
    lines = difflib.unified_diff(known.splitlines(), text.splitlines(), "recorded", "found", lineterm="", n=6)
    shown = "\n".join(list(lines)[:_MAX_DIFF_LINES])
    raise AssertionError(f"{file.name} differs from the recorded file:\n{shown}")


def sorted_entries(entries: dict[str, Any]) -> dict[str, Any]:
    """Sort entries by name. Members keep their order, because it is part of the answer."""
    return dict(sorted(entries.items()))


def read_recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def _pretty(found: Any) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
