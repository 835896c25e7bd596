"""Golden files of what surrounds the wire: the document, the help of every command, and the reference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from golden.asking import Asked, House, ask
from golden.files import compare
from golden.walking import Document, Walk
from holdfast.cli.main import app as program
from support.command_lines import all_commands
from support.serving import run_holdfast

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


async def test_the_document_is_as_recorded(house: House):
    answer = await ask(house.app, Asked(method="GET", path="/openapi.json"))
    compare("openapi", answer.json)


async def test_every_error_has_its_recorded_title_and_status(house: House):
    document = (await ask(house.app, Asked(method="GET", path="/openapi.json"))).json
    found: dict[str, set[str]] = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                problems = response.get("content", {}).get("application/problem+json", {})
                for code, example in problems.get("examples", {}).items():
                    shown = example["value"]
                    assert shown["type"].endswith(f"/{code}")
                    found.setdefault(code, set()).add(f"{shown['status']} {shown['title']}")
    compare("errors", {code: sorted(titles) for code, titles in sorted(found.items())})


def test_every_command_has_its_recorded_help(monkeypatch: pytest.MonkeyPatch):
    for name in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TERMINAL_WIDTH"):
        monkeypatch.delenv(name, raising=False)
    names = {name for name, _ in all_commands()}
    groups = {name.rpartition(" ")[0] for name in names}
    helped = []
    for name in sorted(names | groups):
        settings = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
        ended = CliRunner().invoke(program, [*name.split(), "--help"], prog_name="holdfast", env=settings)
        assert ended.exit_code == 0, ended.output
        lines = [line.rstrip() for line in ended.output.strip().splitlines()]
        helped.append("\n".join([f"$ holdfast {name} --help".replace("  ", " "), *lines, ""]))
    compare("help", "\n".join(helped))


def test_wrong_usage_is_refused_as_recorded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "100")
    said = []
    for words in ("", "nothing", "event", "event show", "serve --port x", "db upgrade --lost"):
        ended = run_holdfast(*words.split())
        printed = "\n".join(line.rstrip() for line in (ended.stdout + ended.stderr).strip().splitlines())
        # The command is called by its module here, which may move.
        printed = re.sub(r"python -m [a-z.]+", "<program>", printed)
        said.append(f"$ holdfast {words}\nexit code {ended.returncode}\n{printed}\n")
    compare("usage", "\n".join(said))


@pytest.mark.parametrize("page", ["settings", "errors", "metrics"])
def test_the_tables_of_the_reference_are_as_recorded(page: str):
    """A test of the documentation holds them against the program."""
    lines = (REFERENCE / f"{page}.md").read_text(encoding="utf-8").splitlines()
    compare(f"reference_{page}", "\n".join(line for line in lines if line.startswith("|")) + "\n")


async def test_the_metrics_are_of_the_recorded_kind(house: House, document: Document):
    """Their values are those of the whole test process: only the answer's head is recorded here."""
    walk = Walk(house, document)
    await walk("get_metrics", 200, by="reader")
    await walk("get_openapi", 200, by="guest")
    for entry in walk.entries.values():
        entry["headers"] = [line for line in entry["headers"] if not line.startswith("content-length")]
        del entry["body"]
    compare("documents", walk.entries)
