"""Snippets: the fenced blocks of a page, run as a reader would run them.

A page with a line `<!-- executed -->` is run: its `sh` blocks in one shell, in order, its `python` blocks as one
program, and each `json` block right below a block of shell is compared with the last line that the block said. A
comment `<!-- not run: why -->` in front of a block leaves that one out.
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

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = re.compile(r"<!-- not run: [^>]+ -->\s*$")
_MARK = "--- end of block ---"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block; `shown` is the JSON that the page shows right below it (None: nothing)."""

    line: int
    language: str
    text: str
    is_left_out: bool
    shown: Any


def all_pages() -> list[Path]:
    """Every page of Markdown of the repository."""
    found = [
        *ROOT.glob("*.md"),
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
    """In one shell, in order; what each block says is compared with what the page shows."""
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
        timeout=90,
        check=False,
    )
    answers = done.stdout.split(_MARK)
    if done.returncode != 0:
        block = blocks[min(len(answers), len(blocks)) - 1]
        raise AssertionError(f"line {block.line}: it failed\n{answers[-1]}\n{done.stderr}")
    for block, answer in zip(blocks, answers, strict=False):
        if block.shown is not None:
            said = answer.strip().splitlines()
            assert said, f"line {block.line}: it said nothing"
            assert_shows(block.shown, json.loads(said[-1]), where=f"line {block.line}")


def run_python(blocks: list[Block], *, folder: Path, environment: dict[str, str]) -> None:
    """One program, each block at its line of the page."""
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
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def reader_environment(**settings: str) -> dict[str, str]:
    """A reader's, with this checkout's programs, and without any setting of Holdfast but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return kept | {"PATH": f"{_programs()}:{os.environ['PATH']}"} | settings


def _programs() -> Path:
    return Path(sys.executable).parent


def assert_shows(shown: Any, said: Any, *, where: str) -> None:
    """A page shows a part: its members, and its list items in order; `…` stands for any value."""
    if shown == "…":
        return
    if isinstance(shown, dict):
        assert isinstance(said, dict), f"{where}: {said!r} is no object"
        for name, value in shown.items():
            assert name in said, f"{where}: {name} is missing from {said}"
            assert_shows(value, said[name], where=f"{where}, {name}")
    elif isinstance(shown, list):
        assert isinstance(said, list), f"{where}: {said!r} is no list"
        assert len(shown) == len(said), f"{where}: {said}"
        for index, (one, other) in enumerate(zip(shown, said, strict=True)):
            assert_shows(one, other, where=f"{where}, item {index}")
    else:
        assert shown == said, f"{where}: the page shows {shown!r}, the server said {said!r}"
