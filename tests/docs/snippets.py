"""Snippets: the fenced blocks of a page, run as a reader would run them.

A test runs each page with a line `<!-- executed -->`: its `sh` blocks in order in one shell, its `python` blocks as one
program. A `json` block right below a shell block must match the last line of its output. A comment
`<!-- not run: why -->` in front of a block leaves it out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Block", "all_pages", "blocks_of", "is_executed", "run_python", "run_shell"]

ROOT = Path(__file__).parents[2]

LIMIT_SECONDS = 300
"""A page has up to thirty commands, and each is a process of its own. On a busy machine one takes seconds."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = re.compile(r"<!-- not run: [^>]+ -->\s*$")
_MARK = "--- end of block ---"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block. `shown` is the JSON right below it, or None."""

    line: int
    language: str
    text: str
    is_left_out: bool
    shown: Any


def all_pages() -> list[Path]:
    """Return every Markdown page of the repository."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("client/*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("deploy/*.md"),
        *ROOT.glob("benchmarks/*.md"),
    ]
    return sorted(found)


def is_executed(page: Path) -> bool:
    return "<!-- executed -->" in page.read_text().splitlines()


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    matches = list(_BLOCK.finditer(text))
    found: list[Block] = []
    for index, match in enumerate(matches):
        following = matches[index + 1] if index + 1 < len(matches) else None
        shown = None
        if following and following[1] == "json" and not text[match.end() : following.start()].strip():
            shown = json.loads(following[2])
        found.append(
            Block(
                line=text.count("\n", 0, match.start()) + 1,
                language=match[1],
                text=match[2],
                is_left_out=_LEFT_OUT.search(text[: match.start()]) is not None,
                shown=shown,
            )
        )
    return found


def run_shell(blocks: list[Block], *, port: int, folder: Path, environment: dict[str, str]) -> None:
    """Run the blocks in order in one shell, and compare their output with the page."""
    lines = ["set -euo pipefail"]
    for block in blocks:
        text = block.text.replace("localhost:8000", f"localhost:{port}").replace(
            ".venv/bin/", f"{_programs()}/"
        )
        lines += [text, f"echo; echo '{_MARK}'"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    answers = done.stdout.split(_MARK)
    if done.returncode != 0:
        block = blocks[min(len(answers), len(blocks)) - 1]
        raise AssertionError(f"line {block.line}: it failed\n{answers[-1]}\n{done.stderr}")
    for block, answer in zip(blocks, answers, strict=False):
        if block.shown is not None:
            printed = answer.strip().splitlines()
            assert printed, f"line {block.line}: it printed nothing"
            assert_shows(block.shown, json.loads(printed[-1]), where=f"line {block.line}")


def run_python(blocks: list[Block], *, folder: Path, environment: dict[str, str]) -> None:
    """Run the blocks as one program, with the line numbers of the page."""
    program = ""
    for block in blocks:
        program += "\n" * (block.line - program.count("\n")) + block.text
    done = subprocess.run(
        [sys.executable, "-"],
        input=program,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def reader_environment(**settings: str) -> dict[str, str]:
    """Return the environment of a reader: the programs of this checkout, and only these settings of Holdfast."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return kept | {"PATH": f"{_programs()}:{os.environ['PATH']}"} | settings


def _programs() -> Path:
    return Path(sys.executable).parent


def assert_shows(shown: Any, printed: Any, *, where: str) -> None:
    """Assert that the output contains the shown part: its members, and its list items in order. `…` is any value."""
    if shown == "…":
        return
    if isinstance(shown, dict):
        assert isinstance(printed, dict), f"{where}: {printed!r} is no object"
        for name, value in shown.items():
            assert name in printed, f"{where}: {name} is missing from {printed}"
            assert_shows(value, printed[name], where=f"{where}, {name}")
    elif isinstance(shown, list):
        assert isinstance(printed, list), f"{where}: {printed!r} is no list"
        assert len(shown) == len(printed), f"{where}: {printed}"
        for index, (one, other) in enumerate(zip(shown, printed, strict=True)):
            assert_shows(one, other, where=f"{where}, item {index}")
    else:
        assert shown == printed, f"{where}: the page shows {shown!r}, the server returned {printed!r}"
