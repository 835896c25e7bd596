"""Prose: every text that people read, and the words and forms that plain English avoids.

    .venv/bin/python tests/tidy/prose.py [PACKAGE]   # list what is left, with its lines
    .venv/bin/python tests/tidy/prose.py --lower     # lower the counts in plain_english.json

Prose is comments, docstrings, string literals with a space, names of functions and classes, and Markdown.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["LEFT", "Finding", "avoided", "counts", "findings", "pages", "prose_of_page"]

ROOT = Path(__file__).parents[2]
LEFT = Path(__file__).with_name("plain_english.json")
FOLDERS = ("app", "benchmarks", "client", "deploy", "docs", "proof", "src", "tests")
HASH_COMMENTS = {".toml", ".yml", ".yaml", ".conf", ".service", ".sh"}
NOT_OURS = {
    "tests/tidy/prose.py": "holds the list of words itself",
    "tests/tidy/test_plain_english.py": "holds examples of what the rule finds",
    "docs/evidence/2*": "records of runs",
}
"""Files that this module does not read, and why."""

WORDS = re.compile(
    r"\b(tell|tells|told|telling|anew|mend|mends|mended|mending|whoever|so many|so long|so often|at the most"
    r"|that is there|that are there|by and by|of late)\b",
    re.IGNORECASE,
)
OF = re.compile(r"(?:^|(?<=[.!?;:] ))Of [a-z]")
INVERTED = re.compile(
    r"(?:^|(?<=[.!?;] ))(?:Would|Should|Were|Was|Had|Could) "
    r"(?:an?|the|it|they|this|that|one|he|she|no|nobody|somebody|anybody|nothing|something)\b[^.!?]*(?:[.!]|$)"
)
WITHOUT_PROSE = re.compile(
    r"^```.*?^```$|<!-- (?:generated|measured)[^>]*-->.*?<!-- end[^>]*-->|<!-- examples -->.*?<!-- end -->"
    r"|`[^`\n]*`|(?<=\])\([^)\s]*\)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A word or form that plain English avoids."""

    path: str
    line: int
    words: str

    @property
    def package(self) -> str:
        """The folder that the counts name: two levels, and four below `src`."""
        parts = Path(self.path).parts[:-1]
        return "/".join(parts[: 4 if parts[:1] == ("src",) else 2]) or "."


def pages() -> list[Path]:
    """Return every page of Markdown that people write."""
    return [path for path in _files() if path.suffix == ".md"]


def prose_of_page(text: str) -> str:
    """Return a page without code, generated parts and link targets; lines keep their numbers."""
    return WITHOUT_PROSE.sub(lambda match: "\n" * match[0].count("\n"), text)


def avoided(text: str, *, is_name: bool = False) -> Iterator[str]:
    """Yield the words and forms of a text that plain English avoids."""
    plain = " ".join(text.split())
    for pattern in (WORDS,) if is_name else (WORDS, OF, INVERTED):
        yield from (match[0][:60] for match in pattern.finditer(plain))


@cache
def findings() -> tuple[Finding, ...]:
    """Return every finding of the repository."""
    return tuple(
        Finding(path=path.relative_to(ROOT).as_posix(), line=line, words=words)
        for path in _files()
        for line, text, is_name in _passages(path)
        for words in avoided(text, is_name=is_name)
    )


def counts() -> dict[str, int]:
    """Return the number of findings of each package."""
    return dict(sorted(Counter(finding.package for finding in findings()).items()))


def _files() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    found += [path for path in ROOT.glob("*") if path.suffix in {".md", ".toml"} or path.name == "Makefile"]
    return sorted(
        path for path in found if not any(path.relative_to(ROOT).match(pattern) for pattern in NOT_OURS)
    )


def _passages(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield line, text, and whether the text is a name."""
    if path.suffix == ".py":
        text = path.read_text()
        yield from _comments_of_python(text)
        yield from _texts_of_python(ast.parse(text))
    elif path.suffix == ".md":
        yield from _paragraphs(prose_of_page(path.read_text()))
    elif path.suffix == ".sql":
        yield from _comments(path.read_text(), "--")
    elif path.suffix in HASH_COMMENTS or path.name == "Makefile":
        yield from _comments(path.read_text(), "#")


def _comments_of_python(text: str) -> Iterator[tuple[int, str, bool]]:
    """Yield comments; those on lines that follow each other are one passage."""
    found: list[list[tuple[int, int, str]]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, column = token.start
        if found and found[-1][-1][:2] == (line - 1, column):
            found[-1].append((line, column, token.string))
        else:
            found.append([(line, column, token.string)])
    for block in found:
        yield block[0][0], " ".join(text.lstrip("#! ") for _, _, text in block), False


def _texts_of_python(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield from ((node.lineno, part, False) for part in node.value.split("\n\n"))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", node.name), True


def _comments(text: str, mark: str) -> Iterator[tuple[int, str, bool]]:
    found: list[tuple[int, list[str]]] = []
    before = -1
    for number, line in enumerate(text.splitlines(), 1):
        _, has_mark, comment = line.partition(mark)
        if not has_mark:
            continue
        if number == before + 1 and line.lstrip().startswith(mark):
            found[-1][1].append(comment.lstrip(mark + " "))
        else:
            found.append((number, [comment.lstrip(mark + " ")]))
        before = number
    yield from ((line, " ".join(parts), False) for line, parts in found)


def _paragraphs(text: str) -> Iterator[tuple[int, str, bool]]:
    line = 1
    for part in re.split(r"(\n(?=\s*(?:[-*|#>]|\d+\.) )|\n\s*\n|\|)", text):
        yield line, re.sub(r"^[\s\-*#>]+", "", part), False
        line += part.count("\n")


def _main(arguments: list[str]) -> None:
    if "--lower" in arguments:
        before: dict[str, int] = json.loads(LEFT.read_text())
        lowered = {name: min(count, before.get(name, 0)) for name, count in counts().items()}
        kept = {name: count for name, count in lowered.items() if count}
        LEFT.write_text(json.dumps(kept, indent=2) + "\n")
        return
    for finding in findings():
        if finding.path.startswith(tuple(arguments) or ""):
            print(f"{finding.path}:{finding.line}: {finding.words}")


if __name__ == "__main__":
    _main(sys.argv[1:])
