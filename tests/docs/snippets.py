"""Snippets: the fenced blocks of a page, run as a reader would run them."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "--- end of block ---"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A block of shell, and the JSON that the page shows under it (None: anything)."""

    line: int
    shell: str
    shown: Any


def shell_snippets(page: Path) -> list[Snippet]:
    text = page.read_text()
    found: list[Snippet] = []
    blocks = list(_BLOCK.finditer(text))
    for index, block in enumerate(blocks):
        if block[1] != "sh":
            continue
        shown = None
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        if following and following[1] == "json" and not text[block.end() : following.start()].strip():
            shown = json.loads(following[2])
        found.append(Snippet(line=text.count("\n", 0, block.start()) + 1, shell=block[2], shown=shown))
    return found


def python_snippets(page: Path) -> list[str]:
    return [block[2] for block in _BLOCK.finditer(page.read_text()) if block[1] == "python"]


def run_shell(snippets: list[Snippet], *, port: int, folder: Path, programs: Path, environment: dict[str, str]) -> None:
    """All blocks of a page in one shell, in order; what each says is compared with what the page shows."""
    lines = ["set -euo pipefail"]
    for snippet in snippets:
        shell = snippet.shell.replace("localhost:8000", f"localhost:{port}")
        lines += [shell.replace(".venv/bin/", f"{programs}/"), f"echo; echo '{_MARK}'"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=folder, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    answers = done.stdout.split(_MARK)
    assert done.returncode == 0, f"block {len(answers)} failed:\n{answers[-1]}\n{done.stderr}"
    for snippet, answer in zip(snippets, answers, strict=False):
        if snippet.shown is not None:
            said = json.loads(answer.strip().splitlines()[-1])
            assert_shows(snippet.shown, said, where=f"line {snippet.line}")


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
        assert len(shown) == len(said), f"{where}: {said}"
        for index, (one, other) in enumerate(zip(shown, said, strict=True)):
            assert_shows(one, other, where=f"{where}, item {index}")
    else:
        assert shown == said, f"{where}: the page shows {shown!r}, the server said {said!r}"
