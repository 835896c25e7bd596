"""Snippets: the commands of a page work, and their output is what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from snippets import (
    LIMIT_SECONDS,
    ROOT,
    Block,
    all_pages,
    assert_shows,
    blocks_of,
    is_executed,
    reader_environment,
    run_python,
    run_shell,
)

from support.serving import Serving

SECRET_KEY = "the secret key of every page, at least 32 long"
EXECUTED = [page for page in all_pages() if is_executed(page)]
NOT_INSTRUCTIONS = ("docs/decisions/", "CONTRIBUTING.md", "benchmarks/")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.timeout(LIMIT_SECONDS + 60)
@pytest.mark.parametrize("page", EXECUTED, ids=_name)
def test_the_snippets_of_a_page_work(page: Path, database_url: str, tmp_path: Path) -> None:
    """They run on a new server, whose first event is number 1."""
    blocks = [block for block in blocks_of(page) if not block.is_left_out]
    settings = {"HOLDFAST_DATABASE_URL": database_url, "HOLDFAST_SECRET_KEY": SECRET_KEY}
    with Serving(tmp_path / "data", database_url=database_url, secret_key=SECRET_KEY) as server:
        environment = reader_environment(**settings, HOLDFAST_URL=f"http://localhost:{server.port}")
        shell = [block for block in blocks if block.language == "sh"]
        if shell:
            run_shell(shell, port=server.port, folder=tmp_path, environment=environment)
        python = [block for block in blocks if block.language == "python"]
        if python:
            run_python(python, folder=tmp_path, environment=environment)
        assert shell or python


def test_the_pages_for_new_readers_are_executed() -> None:
    executed = {_name(page) for page in EXECUTED}
    assert {
        "README.md",
        "docs/tutorial/first-sale.md",
        "docs/guides/closing.md",
        "docs/guides/sdk.md",
    } <= executed


@pytest.mark.parametrize("page", all_pages(), ids=_name)
def test_blocks_of_other_pages_are_marked_as_text(page: Path) -> None:
    """Only executed pages have blocks of `sh` and `python`; a block that cannot run is `text`."""
    if _name(page).startswith(NOT_INSTRUCTIONS) or is_executed(page):
        return
    assert [block.line for block in blocks_of(page) if block.language in ("sh", "python")] == []


@pytest.mark.parametrize("page", EXECUTED, ids=_name)
def test_every_shown_json_is_compared(page: Path) -> None:
    blocks = blocks_of(page)
    below_shell = [block for block in blocks if block.language == "sh" and block.shown is not None]
    assert len([block for block in blocks if block.language == "json"]) == len(below_shell)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": "…"}, {"a": [1]}, True),
        ([{"a": 1}], [{"a": 1, "b": 1}], True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        ([2, 1], [1, 2], False),
        ({"a": {"b": 1}}, {"a": {"b": True, "c": 1}}, True),
        ({"a": []}, {"a": None}, False),
    ],
)
def test_a_page_shows_a_part_of_the_output(shown: object, printed: object, same: bool) -> None:
    if same:
        assert_shows(shown, printed, where="here")
        return
    with pytest.raises(AssertionError, match="here"):
        assert_shows(shown, printed, where="here")


def test_a_failing_block_is_reported_with_its_line(tmp_path: Path) -> None:
    blocks = [
        Block(line=line, language="sh", text=text, is_left_out=False, shown=shown)
        for line, text, shown in ((3, "true\n", None), (7, "false\n", None), (11, "true\n", None))
    ]
    with pytest.raises(AssertionError, match="line 7"):
        run_shell(blocks, port=1, folder=tmp_path, environment=reader_environment())
    blocks = [Block(line=5, language="sh", text="echo '{\"a\": 1}'\n", is_left_out=False, shown={"a": 2})]
    with pytest.raises(AssertionError, match=re.escape("line 5, a: the page shows 2, the server returned 1")):
        run_shell(blocks, port=1, folder=tmp_path, environment=reader_environment())
