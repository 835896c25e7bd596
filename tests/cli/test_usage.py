"""Wrong command lines and wrong settings: one line in our own words, with the option, what was given and what is right.

The kind: a sentence of Typer or of Pydantic that reaches a user. Each kind of mistake that Typer knows is below: a
command, an option, an argument, a value of each type, a choice; and each type of setting.
"""

from __future__ import annotations

import re

import pytest

from holdfast.app.settings import PREFIX, Settings, load_settings
from holdfast.process.errors import CannotStart
from support.commands import Run

OF_A_LIBRARY = re.compile(
    r"Input should|Value error|unable to|valid (string|integer|boolean|number)|\\?\\.\\."
)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("evnt",), "No such command 'evnt'. Did you mean 'event'?"),
        (("event", "crate"), "No such command 'crate'. Did you mean 'create'?"),
        (("event", "create"), "Missing argument 'NAME'."),
        (("event", "create", "x", "--colour", "red"), "No such option: --colour."),
        (("serve", "--port", "abc"), "--port must be an integer; it is 'abc'."),
        (
            ("keys", "create", "x", "--scope", "all"),
            "--scope: 'all' is not one of 'read', 'sell', 'organise', 'door', 'money'.",
        ),
        (("keys", "create", "x"), "Missing option '--scope'."),
    ],
)
def test_a_wrong_command_line_is_explained(holdfast: Run, arguments: tuple[str, ...], complaint: str) -> None:
    ended = holdfast(*arguments)
    assert ended.code == 2
    assert complaint in ended.complaint
    assert not OF_A_LIBRARY.search(ended.complaint)


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name not in ("data_dir", "host")])
@pytest.mark.parametrize("value", ["abc", "-1", "1e99", "x" * 200])
def test_a_wrong_setting_is_explained(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    variable = f"{PREFIX}{name.upper()}"
    monkeypatch.setenv(variable, value)
    try:
        load_settings()
    except CannotStart as refused:
        text = str(refused)
        assert text.startswith(variable)
        assert not OF_A_LIBRARY.search(text), text
        assert not set("{}") & set(text), text
        if name in ("database_url", "secret_key"):
            assert value not in text
