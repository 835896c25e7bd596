"""Golden files beside the wire: the document, the help of every command, and the reference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from golden.asking import Deployment, Request, ask
from golden.files import compare
from golden.walking import DOCUMENTS, Document, Walk
from holdfast.cli.main import app as program
from support.command_lines import all_commands
from support.serving import run_holdfast

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(("name", "path"), DOCUMENTS.items())
async def test_a_document_is_as_recorded(deployment: Deployment, name: str, path: str):
    compare(name, (await ask(deployment.app, Request(method="GET", path=path))).json)


async def test_every_error_has_its_recorded_title_and_status(deployment: Deployment):
    found: dict[str, set[str]] = {}
    for operation in (await Document.of(deployment)).operations.values():
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
    helps = []
    for name in sorted(names | groups):
        settings = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
        done = CliRunner().invoke(program, [*name.split(), "--help"], prog_name="holdfast", env=settings)
        assert done.exit_code == 0, done.output
        lines = [line.rstrip() for line in done.output.strip().splitlines()]
        helps.append("\n".join([f"$ holdfast {name} --help".replace("  ", " "), *lines, ""]))
    compare("help", "\n".join(helps))


def test_wrong_usage_is_refused_as_recorded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "100")
    outputs = []
    for words in ("", "nothing", "event", "event show", "serve --port x", "db upgrade --lost"):
        done = run_holdfast(*words.split())
        printed = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).strip().splitlines())
        # The test calls the command by its module, which may move.
        printed = re.sub(r"python -m [a-z.]+", "<program>", printed)
        outputs.append(f"$ holdfast {words}\nexit code {done.returncode}\n{printed}\n")
    compare("usage", "\n".join(outputs))


@pytest.mark.parametrize("page", ["settings", "errors", "metrics"])
def test_the_tables_of_the_reference_are_as_recorded(page: str):
    """A test of the documentation compares them with the program."""
    lines = (REFERENCE / f"{page}.md").read_text(encoding="utf-8").splitlines()
    compare(f"reference_{page}", "\n".join(line for line in lines if line.startswith("|")) + "\n")


async def test_the_head_of_the_metrics_is_as_recorded(deployment: Deployment, document: Document):
    """Record only the head: the values count everything in the test process."""
    walk = Walk(deployment, document)
    await walk("get_metrics", 200, by="reader")
    await walk("get_openapi", 200, by="guest")
    await walk("get_dialects_openapi", 200, by="guest")
    for entry in walk.entries.values():
        entry["headers"] = [line for line in entry["headers"] if not line.startswith("content-length")]
        del entry["body"]
    compare("documents", walk.entries)
