"""Commands as a person runs them, but in this process: their output and exit codes."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from holdfast.cli.main import main


@dataclass(frozen=True)
class Ended:
    """The result of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that the command printed as its refusal."""
        assert self.code != 0
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("holdfast: ")
        return lines[0].removeprefix("holdfast: ")


Run = Callable[..., Ended]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ended]]:
    """Return a function that runs commands: `run("event", "list", database_url=…)`. Keywords are settings."""
    for name in [name for name in os.environ if name.startswith("HOLDFAST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level

    def run(*arguments: object, **settings: object) -> Ended:
        with monkeypatch.context() as patched:
            for name, value in settings.items():
                patched.setenv(f"HOLDFAST_{name.upper()}", str(value))
            patched.setattr(sys, "argv", ["holdfast", *map(str, arguments)])
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    yield run
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def holdfast(run: Run, database_url: str) -> Run:
    """Return a function that runs commands on the database of the test."""

    def on_database(*arguments: object, **settings: object) -> Ended:
        return run(*arguments, **{"database_url": database_url, **settings})

    return on_database
