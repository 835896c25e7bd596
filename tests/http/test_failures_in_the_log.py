"""No line of the log has the values of local variables, whatever the configuration of the logging library.

structlog's default configuration prints them. It is in force in a program that has the application inside and sets
up no logging, and in tests. All places that log an exception are in the test of `tests/tidy`.
"""

from __future__ import annotations

import asyncio

import pytest
import structlog

from holdfast.failures import traced
from holdfast.inventory.waiter import Waiter, resolve_all


class Failing(Waiter[str]):
    def resolve(self, result: str) -> None:
        password = f"{result}!"
        raise RuntimeError(f"planted {len(password)}")


def test_a_planted_failure_prints_no_local_value(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()

    async def resolve() -> None:
        resolve_all([Failing(asyncio.get_running_loop())], ["hunter22"])

    asyncio.run(resolve())
    printed = "".join(capsys.readouterr())
    assert "planted 9" in printed
    assert "test_failures_in_the_log.py" in printed
    assert "hunter22" not in printed


def test_a_traceback_names_its_causes() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise ValueError("second") from first
    except ValueError as error:
        text = traced(error)
    assert text.index("KeyError: 'first'") < text.index("ValueError: second")
